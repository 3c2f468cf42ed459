import { definePolicy } from '../../lib/policy/index.ts';
import { EmbeddedBroker } from '../../service/broker/embedded.ts';
import { Delivery, type ServiceStream, type StreamRequest } from '../../service/delivery.ts';
import { createMetrics } from '../../service/metrics.ts';
import { observer } from '../../service/observer.ts';

const outlet = { write: () => true, unsentBytes: 0, end: () => {}, destroy: () => {} };

const request: StreamRequest = {
  channels: ['a', 'b'],
  types: [],
  shape: 'plain',
  heartbeat: 'comment',
  lastEventId: undefined,
  outlet,
  framing: 'raw',
  user: 'alice',
  expiresAt: undefined,
};

let delivery: Delivery | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await delivery?.close();
});

/** What is logged while something happens to streams. */
async function logged(happens: (delivery: Delivery) => Promise<void>): Promise<unknown[]> {
  const lines: unknown[] = [];
  const log = { info: (fields: unknown, message?: string) => lines.push([message, fields]), debug: () => {} };
  const broker = new EmbeddedBroker({ replaySeconds: 60, replayMaxEvents: 10 });
  const metrics = createMetrics({ broker, fanout: () => ({ size: 0, delivered: 0 }) });
  delivery = new Delivery(broker, definePolicy(), 'r', observer(log, metrics));
  await delivery.start();
  await happens(delivery);
  return lines;
}

test('a stream has two lines: who listens to what, and why it ended at what age', async () => {
  const lines = await logged(async (to) => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const stream = (await to.open(request, () => {})) as ServiceStream;
    now.mockReturnValue(4500);
    to.fanout.close(stream, 'revoked');
  });

  const who = { stream: 'r-1', user: 'alice', channels: ['a', 'b'] };
  expect(lines).toEqual([
    ['stream opened', { ...who, resumed: false }],
    ['stream closed', { ...who, reason: 'revoked', ageSeconds: 3.5 }],
  ]);
});

test('a long poll has none', async () => {
  const lines = await logged(async (to) => {
    to.fanout.gone((await to.open({ ...request, shape: 'line' }, () => {})) as ServiceStream);
  });

  expect(lines).toEqual([]);
});

test('a client that leaves is the reason, and one that came with a cursor has resumed', async () => {
  const lines = await logged(async (to) => {
    const stream = (await to.open({ ...request, lastEventId: 'x-1' }, () => {})) as ServiceStream;
    to.fanout.gone(stream);
  });

  expect(lines).toMatchObject([
    ['stream opened', { resumed: true }],
    ['stream closed', { reason: 'client' }],
  ]);
});

test('a client that is gone by the time its stream is there has its two lines in order', async () => {
  const lines = await logged(async (to) => {
    await to.open(request, (stream) => to.fanout.gone(stream));
  });

  expect(lines).toMatchObject([
    ['stream opened', { stream: 'r-1' }],
    ['stream closed', { stream: 'r-1', reason: 'client' }],
  ]);
});
