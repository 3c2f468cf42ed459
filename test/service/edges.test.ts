import fc from 'fast-check';
import { type Edge, edges } from '../support/edges.ts';
import { publish, startService, stopServices } from '../support/service.ts';
import { closeStreams } from '../support/stream.ts';
import { closeSockets } from '../support/web-socket.ts';

afterEach(async () => {
  closeStreams();
  closeSockets();
  await stopServices();
});

const names = Object.keys(edges) as Edge[];
const hops = fc.array(fc.record({ edge: fc.constantFrom(...names), events: fc.integer({ min: 1, max: 9 }) }), {
  minLength: 3,
  maxLength: 6,
});

test('a client that changes its edge as it likes has every event once and in order, while events are published', async () => {
  const { url } = await startService({ connectRatePerSecond: 100_000 });
  let channel = 0;
  await fc.assert(
    fc.asyncProperty(hops, async (plan) => {
      const mine = `c${channel++}`;
      const visitor = { url, query: `channel=${mine}&channel=other` };
      const begun = await edges[plan[0]?.edge ?? 'poll']({ ...visitor, cursor: undefined, events: 0 });
      let publishing = true;
      let number = 0;
      const publisher = (async () => {
        while (publishing)
          await publish(url, mine, [{ data: number++ }, { data: number++ }, { type: 'typed', data: number++ }]);
      })();
      const received: unknown[] = [];
      let { cursor } = begun;
      for (const { edge, events } of plan) {
        const visit = await edges[edge]({ ...visitor, cursor, events });
        received.push(...visit.data);
        cursor = visit.cursor;
        expect(visit.gap).toBe(false);
      }
      publishing = false;
      await publisher;
      const rest = number - received.length;
      received.push(...(await edges.poll({ ...visitor, cursor, events: rest })).data);
      expect(received).toEqual(Array.from({ length: number }, (_, index) => index));
    }),
    { numRuns: 4 },
  );
}, 60_000);

test.each(names)('the edge %s tells of a gap for a cursor that another edge left in another history', async (name) => {
  const [before, after] = await Promise.all([startService(), startService()]);
  await publish(after.url, 'a', { data: 1 });
  const left = await edges.stream({ url: before.url, query: 'channel=a', cursor: undefined, events: 0 });
  const visit = await edges[name]({ url: after.url, query: 'channel=a', cursor: left.cursor, events: 1 });
  expect(visit).toMatchObject({ gap: true, data: [1] });
});
