import { definePolicy } from '../../lib/policy/index.ts';
import type { BrokerListener, Cursor, Page } from '../../service/broker/broker.ts';
import { EmbeddedBroker } from '../../service/broker/embedded.ts';
import { Intake } from '../../service/broker/intake.ts';
import { positionOfTime } from '../../service/broker/position.ts';
import { Delivery, type ServiceStream, type StreamRequest } from '../../service/delivery.ts';
import type { Outlet } from '../../service/fanout/stream.ts';

class FakeOutlet implements Outlet {
  text = '';
  full = false;
  ended = false;
  unsentBytes = 0;
  write(bytes: Buffer): boolean {
    this.text += bytes.toString();
    return !this.full;
  }
  end(bytes: Buffer): void {
    this.text += bytes.toString();
    this.ended = true;
  }
  destroy(): void {
    this.ended = true;
  }
}

/** A broker whose history, place and catching up a test decides on. */
class ScriptedBroker {
  connected = true;
  lagSeconds = 0;
  cursor: Cursor = { epoch: 'one', position: 1000 };
  listener: BrokerListener | undefined;
  released: string[] = [];
  async start(listener: BrokerListener): Promise<void> {
    this.listener = listener;
  }
  publish = async (): Promise<readonly Cursor[]> => [];
  hold = async (): Promise<void> => {};
  release(channel: string): void {
    this.released.push(channel);
  }
  here(): Cursor {
    return this.cursor;
  }
  catchUp = async (): Promise<void> => {};
  replay = async (_channels: readonly string[], _after: number, upTo: number): Promise<Page> => ({
    events: [],
    upTo,
    evicted: [],
  });
  close = async (): Promise<void> => {};
}

const policy = definePolicy({});
const deliveries: Delivery[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const one of deliveries.splice(0)) await one.close();
});

async function deliveryOver(broker: ScriptedBroker, observer = {}): Promise<Delivery> {
  const delivery = new Delivery(broker, policy, 'r', observer);
  deliveries.push(delivery);
  await delivery.start();
  return delivery;
}

const asking = (outlet: FakeOutlet, lastEventId?: string): StreamRequest => ({
  channels: ['a'],
  types: [],
  shape: 'plain',
  heartbeat: 'comment',
  lastEventId,
  outlet,
  framing: 'raw',
  user: undefined,
  expiresAt: undefined,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a stream is not opened in a group that was forgotten while its cursor was caught up with', async () => {
  jest.useFakeTimers();
  const broker = new ScriptedBroker();
  const delivery = await deliveryOver(broker);
  const first = new FakeOutlet();
  const stream = await delivery.open(asking(first), () => {});
  delivery.fanout.gone(stream as ServiceStream);
  jest.advanceTimersByTime(29_000);
  // the replica is behind the cursor: it takes 2 s to catch up, and in between the idle group's half minute is over
  broker.catchUp = () =>
    new Promise((resolve) =>
      setTimeout(() => {
        broker.cursor = { epoch: 'one', position: 2000 };
        resolve();
      }, 2000),
    );
  const second = new FakeOutlet();
  const opening = delivery.open(asking(second, `one-${(1500).toString(36)}`), () => {});
  await jest.advanceTimersByTimeAsync(2500);
  await opening;
  broker.cursor = { epoch: 'one', position: 3000 };
  broker.listener?.event({ channel: 'a', position: 3000, data: '"live"' });
  await jest.advanceTimersByTimeAsync(100);
  expect(second.text).toContain('"live"');
});

test('a new history does not put half a century into the latency histogram', async () => {
  const seconds: number[] = [];
  const broker = new ScriptedBroker();
  const delivery = await deliveryOver(broker, { latency: (one: number) => seconds.push(one) });
  await delivery.open(asking(new FakeOutlet()), () => {});
  broker.cursor = { epoch: 'two', position: 0 };
  broker.listener?.gap('all', 'store-lost');
  await turn();
  await turn();
  expect(Math.max(0, ...seconds)).toBeLessThan(86_400);
});

test('whoever resumes at the place of a gap notice meets it', async () => {
  const broker = new ScriptedBroker();
  const delivery = await deliveryOver(broker);
  const late = { channel: 'a', position: 1050, data: '"late"' };
  const intake = new Intake(broker.listener as BrokerListener, async (_channels, after, upTo) => ({
    events: after < 1050 ? [late] : [],
    upTo,
    evicted: [],
  }));
  broker.here = () => intake.here ?? { epoch: '', position: 0 };
  intake.beat({ epoch: 'one', position: 1000 }, () => {});
  for (const channel of ['a', 'b']) intake.attend(channel);
  await delivery.open({ ...asking(new FakeOutlet()), channels: ['a', 'b'] }, () => {});
  intake.event('one', { channel: 'b', position: 1100, data: '"seen"' }, 0);
  // the notice of 1050 went astray
  intake.event('one', { channel: 'a', position: 1200, data: '"next"' }, 1050);
  await turn();
  const outlet = new FakeOutlet();
  await delivery.open({ ...asking(outlet, `one-${(1100).toString(36)}`), channels: ['a', 'b'] }, () => {});
  expect(outlet.text).toContain('stream:gap');
});

describe('Intake', () => {
  const noGaps = (): {
    events: string[];
    gaps: unknown[];
    intake: Intake;
    log: { position: number; data: string }[];
  } => {
    const events: string[] = [];
    const gaps: unknown[] = [];
    const log: { position: number; data: string }[] = [];
    const intake = new Intake(
      { event: ({ data }) => events.push(data), gap: (...gap) => gaps.push(gap) },
      async (_channels, after, upTo) => ({
        events: log
          .filter((one) => one.position > after && one.position <= upTo)
          .map((one) => ({ channel: 'x', ...one })),
        upTo,
        evicted: [],
      }),
    );
    return { events, gaps, intake, log };
  };

  test('does not remember a channel by an event that came while it was being unsubscribed from', async () => {
    const { events, gaps, intake, log } = noGaps();
    const publish = (position: number, previous: number, heard: boolean): void => {
      log.push({ position, data: String(position) });
      if (heard) intake.event('e', { channel: 'x', position, data: String(position) }, previous);
    };
    intake.beat({ epoch: 'e', position: 10 }, () => {});
    intake.attend('x');
    publish(20, 0, true);
    intake.forget('x');
    publish(30, 20, true); // under way when UNSUBSCRIBE was sent
    publish(40, 30, false); // nobody listens
    publish(50, 40, false);
    intake.beat({ epoch: 'e', position: 60 }, () => {});
    intake.attend('x'); // held again
    publish(70, 50, true);
    await turn();
    expect({ gaps, events }).toEqual({ gaps: [], events: expect.not.arrayContaining(['40', '50']) });
  });
});

test('the embedded broker still knows of a loss to a client that comes back after two days', async () => {
  let now = 1_700_000_000_000;
  jest.useFakeTimers();
  const broker = new EmbeddedBroker({ replaySeconds: 600, replayMaxEvents: 100 }, () => now);
  await broker.start({ event: () => {}, gap: () => {} });
  const cursor = broker.here().position;
  now += 3_600_000;
  await broker.publish('a', [{ data: '"missed"' }]);
  now += 2 * 86_400_000;
  jest.advanceTimersByTime(61_000);
  await broker.publish('a', [{ data: '"new"' }]);
  const page = await broker.replay(['a'], cursor, positionOfTime(now + 1));
  await broker.close();
  expect(page.evicted).toEqual(['a']);
});
