import fc from 'fast-check';
import { brokenHops, withDefaults } from '../../lib/docs/broken-examples.ts';
import { type Fact, type Hop, hopRules, streamHeaders, type Verdict } from '../../lib/policy/index.ts';
import { validPolicies } from './arbitraries.ts';

type Facts = Omit<Hop, 'target'>;

const fact = <T>(value: T): Fact<T> => ({ value, setting: 'a setting' });

/** The least, or the most, that each rule is content with under the default policy. */
const healthyHops: Readonly<Record<string, Facts>> = {
  'idle-timer-outlasts-silence': { idleTimers: [fact(60), fact(Number.POSITIVE_INFINITY)] },
  'no-cap-below-stream-age': { durationCaps: [fact(3990), fact(Number.POSITIVE_INFINITY)] },
  'streams-are-not-buffered': { buffering: fact(false) },
  'streams-are-not-compressed': { compression: fact(false) },
  'streams-are-not-cached': { caching: fact(false) },
  'stream-headers': { headers: fact({ ...streamHeaders, 'x-other': 'fine' }) },
  'pool-closes-before-service': { poolIdle: fact(120) },
  'service-keeps-connections': { keepAlive: fact(125) },
  'streams-fit-the-hop': { streamLimit: fact(20_100) },
  'connection-carries-a-users-streams': { streamsPerConnection: fact(20) },
  'affinity-ends-with-the-stream': { stickiness: fact({ cookie: 'A', seconds: 3600 }) },
  'refusals-are-soft': { refusals: fact('soft') },
  'tokens-stay-out-of-logs': { logsQuery: fact(false) },
  'routing-forgets-before-stop': { propagation: fact(15) },
  'drain-fits-the-deadline': { stopWindow: fact(35) },
  'reload-outlasts-drain': { reloadWindow: fact(30) },
  'history-before-notice': { history: fact({ seconds: 600, beforeNotice: true }) },
  'subscriber-survives-bursts': { subscriberBuffer: fact(6_553_600) },
  'history-is-not-evicted': { evictsHistory: fact(false) },
  'scale-in-waits-for-streams': { scaleIn: fact({ stabilization: 3600, step: 45 }) },
};

const byId = hopRules.map((rule) => [rule.id, rule] as const);

const messageOf = (verdict: Verdict): string =>
  verdict.verdict === 'broken' ? verdict.faults.map(({ message }) => message).join('\n') : verdict.verdict;

const judge = (id: string, facts: Facts): string =>
  messageOf(
    hopRules.find((rule) => rule.id === id)?.judge(withDefaults(), { target: 'hop', ...facts }) ?? {
      verdict: 'not-applicable',
      because: 'no such rule',
    },
  );

test('every rule has a broken and a healthy example, and no example is without its rule', () => {
  const ids = hopRules.map(({ id }) => id).sort();

  expect(Object.keys(brokenHops).sort()).toEqual(ids);
  expect(Object.keys(healthyHops).sort()).toEqual(ids);
});

test.each(byId)('fails %s, naming hop and setting', (id, rule) => {
  const hop = brokenHops[id] ?? { target: 'none' };
  const verdict = rule.judge(withDefaults(), hop);

  expect(verdict).toMatchObject({ verdict: 'broken', faults: [{ rule: id, fields: rule.fields }] });
  expect(messageOf(verdict)).toMatch(new RegExp(`^${hop.target}: .+ must `));
});

test.each(byId)('%s holds as soon as it can', (id, rule) => {
  expect(rule.judge(withDefaults(), { target: 'hop', ...healthyHops[id] })).toEqual({ verdict: 'holds' });
});

test.each(byId)('%s says nothing about a hop that has no such fact, and says why', (_, rule) => {
  expect(rule.judge(withDefaults(), { target: 'wire' })).toEqual({ verdict: 'not-applicable', because: rule.absent });
});

test('each fact breaks no rule but its own', () => {
  const strangers = Object.entries(brokenHops).flatMap(([id, hop]) =>
    hopRules.filter((rule) => rule.id !== id && rule.judge(withDefaults(), hop).verdict === 'broken'),
  );

  expect(strangers).toEqual([]);
});

test('a message points at the line to change, where that is known', () => {
  expect(judge('idle-timer-outlasts-silence', { idleTimers: [{ ...fact(50), at: 'site.conf:12' }] })).toBe(
    'hop: a setting at site.conf:12 must be at least idleSeconds (60); raise it to 60 s',
  );
});

test('every timer of a hop is judged, not only the first', () => {
  expect(judge('idle-timer-outlasts-silence', { idleTimers: [fact(60), fact(5), fact(6)] }).split('\n')).toHaveLength(
    2,
  );
});

/** Beyond the example of each rule: what else breaks it. */
const alsoBroken: readonly (readonly [id: string, what: string, facts: Facts, message: string])[] = [
  [
    'stream-headers',
    'on a content length',
    { headers: fact({ ...streamHeaders, 'content-length': '0' }) },
    'hop: a setting must not carry content-length; remove it',
  ],
  [
    'stream-headers',
    'on another cache-control',
    { headers: fact({ ...streamHeaders, 'cache-control': 'no-cache' }) },
    'hop: a setting must carry cache-control: no-cache, no-transform; add them',
  ],
  [
    'history-before-notice',
    'when the notice comes first, however long the history',
    { history: fact({ seconds: 9999, beforeNotice: false }) },
    'hop: a setting must write an event to the history before, or together with, its notice',
  ],
  [
    'scale-in-waits-for-streams',
    'when replicas are removed too fast',
    { scaleIn: fact({ stabilization: 3600, step: 15 }) },
    'hop: a setting must remove one replica per propagationSeconds (15) + drainSeconds (30); raise the period to 45 s',
  ],
];

test.each(alsoBroken)('fails %s %s', (id, _, facts, message) => {
  expect(judge(id, facts)).toBe(message);
});

test('a reload window need not outlast the oldest stream, however long the drain', () => {
  const policy = withDefaults({ drainSeconds: 3600, maxStreamAgeSeconds: 60, maxStreamAgeJitter: 0 });
  const rule = hopRules.find(({ id }) => id === 'reload-outlasts-drain');

  expect(rule?.judge(policy, { target: 'hop', reloadWindow: fact(90) })).toEqual({ verdict: 'holds' });
  expect(rule?.judge(policy, { target: 'hop', reloadWindow: fact(89) }).verdict).toBe('broken');
});

/** The fact of each rule whose value is one number. */
const numeric: Readonly<Record<string, (value: number) => Facts>> = {
  'idle-timer-outlasts-silence': (value) => ({ idleTimers: [fact(value)] }),
  'no-cap-below-stream-age': (value) => ({ durationCaps: [fact(value)] }),
  'pool-closes-before-service': (value) => ({ poolIdle: fact(value) }),
  'service-keeps-connections': (value) => ({ keepAlive: fact(value) }),
  'streams-fit-the-hop': (value) => ({ streamLimit: fact(value) }),
  'connection-carries-a-users-streams': (value) => ({ streamsPerConnection: fact(value) }),
  'affinity-ends-with-the-stream': (seconds) => ({ stickiness: fact({ cookie: 'A', seconds }) }),
  'routing-forgets-before-stop': (value) => ({ propagation: fact(value) }),
  'drain-fits-the-deadline': (value) => ({ stopWindow: fact(value) }),
  'reload-outlasts-drain': (value) => ({ reloadWindow: fact(value) }),
  'history-before-notice': (seconds) => ({ history: fact({ seconds, beforeNotice: true }) }),
  'subscriber-survives-bursts': (value) => ({ subscriberBuffer: fact(value) }),
};

test.each(Object.entries(numeric))('following the advice of %s satisfies it, and one less does not', (id, facts) => {
  const rule = hopRules.find((one) => one.id === id);
  const verdictOf = (policy: Parameters<NonNullable<typeof rule>['judge']>[0], value: number): Verdict =>
    rule?.judge(policy, { target: 'hop', ...facts(value) }) ?? { verdict: 'not-applicable', because: '' };

  fc.assert(
    fc.property(validPolicies, fc.constantFrom(0, 1_000_000_000), (policy, extreme) => {
      const message = messageOf(verdictOf(policy, extreme));
      if (message === 'holds') return;
      const [, direction, advised] = /(raise|lower) it to (\d+)/.exec(message) ?? [];
      const worse = Number(advised) + (direction === 'raise' ? -1 : 1);

      expect(verdictOf(policy, Number(advised))).toEqual({ verdict: 'holds' });
      expect(verdictOf(policy, worse).verdict).toBe('broken');
    }),
  );
});
