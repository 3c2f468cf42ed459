import { type AlertRule, Alerts, alertRules } from '../../../service/patterns/dashboard/alerts.ts';
import type { Sample } from '../../../service/patterns/dashboard/sampler.ts';

const calm: Sample = {
  replica: 'r',
  at: '2026-01-01T00:00:00.000Z',
  streams: 10,
  maxStreams: 100,
  openedPerSecond: 1,
  closedPerSecond: 1,
  publishedPerSecond: 10,
  deliveredPerSecond: 100,
  gapsPerSecond: 0,
  softFailsPerSecond: 0,
  slowPerSecond: 0,
  brokerConnected: true,
  brokerLagSeconds: 0.1,
  loopP99Ms: 2,
  rssBytes: 1e8,
};

const rule: AlertRule = {
  id: 'hot',
  value: ({ streams }) => streams,
  raiseAt: 80,
  raiseAfter: 2,
  clearBelow: 60,
  clearAfter: 3,
  says: 'too hot',
};

/** What becomes of each value in turn: `+` raised, `-` cleared, `.` nothing. */
function course(values: readonly number[]): string {
  const alerts = new Alerts([rule]);
  return values
    .map((streams) => {
      const [change] = alerts.judge({ ...calm, streams });
      return change === undefined ? '.' : change.state === 'raised' ? '+' : '-';
    })
    .join('');
}

test.each([
  ['raised once, when the value has been there long enough', [80, 80, 80, 90], '.+..'],
  ['not raised by a single peak', [80, 79, 80, 79], '....'],
  ['not cleared between the two limits', [80, 80, 79, 60, 61, 70], '.+....'],
  ['cleared when the value has been below long enough', [80, 80, 59, 59, 59, 59], '.+..-.'],
  ['not cleared by a single dip', [80, 80, 59, 59, 60, 59, 59, 59], '.+.....-'],
  ['raised again after it was cleared', [80, 80, 1, 1, 1, 80, 80], '.+..-.+'],
])('an alert is %s', (_what, values, expected) => {
  expect(course(values)).toBe(expected);
});

test('an alert says what it is about', () => {
  const alerts = new Alerts([{ ...rule, raiseAfter: 1 }]);
  expect(alerts.judge({ ...calm, streams: 85 })).toEqual([
    { alert: 'hot', state: 'raised', value: 85, limit: 80, says: 'too hot' },
  ]);
  expect(alerts.raised).toEqual(['hot']);
});

const wrong: Readonly<Record<string, Partial<Sample>>> = {
  'streams-near-limit': { streams: 80 },
  'loop-lag': { loopP99Ms: 200 },
  'broker-lost': { brokerConnected: false },
  'broker-lag': { brokerLagSeconds: 2.5 },
  'soft-fails': { softFailsPerSecond: 5 },
  gaps: { gapsPerSecond: 0.5 },
  'slow-clients': { slowPerSecond: 2 },
};

test.each(alertRules.map(({ id }) => id))('%s is raised by what it is for, and cleared by calm', (id) => {
  const alerts = new Alerts();
  const seen = (sample: Sample, times: number): string[] =>
    Array.from({ length: times }, () => alerts.judge(sample))
      .flat()
      .map(({ alert, state }) => `${alert} ${state}`);
  expect(seen(calm, 5)).toEqual([]);
  expect(seen({ ...calm, ...wrong[id] }, 5)).toEqual([`${id} raised`]);
  expect(seen(calm, 60)).toEqual([`${id} cleared`]);
});

test('every limit to clear lies no higher than the one to raise', () => {
  expect(alertRules.filter(({ raiseAt, clearBelow }) => clearBelow > raiseAt)).toEqual([]);
});
