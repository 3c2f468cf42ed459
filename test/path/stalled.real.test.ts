import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { closeCrowds, type Member, openCrowd } from '../support/crowd.ts';
import { stopPrograms } from '../support/programs.ts';
import { startRedis } from '../support/redis.ts';
import { startReplica } from '../support/replica.ts';
import { metric, publish } from '../support/service.ts';

afterEach(closeCrowds);
afterAll(stopPrograms);

const megabyte = 1024 * 1024;
const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] as number;

/**
 * 950 streams get small events, 50 more of them 64 KiB ones as well, which are what a reader that stalls chokes on. The
 * others' delays are taken from the small events, that all get.
 */
test('one reader among 1,000 that stalls costs the others nothing, and the process a bounded memory', async () => {
  const slowClientBytes = megabyte;
  const redis = await startRedis();
  const replica = await startReplica({
    name: 'one',
    redisUrl: redis.url,
    policy: { maxStreams: 2000, connectRatePerSecond: 2000, slowClientBytes },
  });
  const delays: number[] = [];
  const noteDelay = (data: string): void => {
    if (data.startsWith('{"at":')) delays.push(performance.now() - JSON.parse(data).at);
  };
  const small = await openCrowd(950, '/events?channel=small', () => replica.port, noteDelay);
  const both = await openCrowd(50, '/events?channel=small&channel=large', () => replica.port, noteDelay);
  const stalled = both.members[0] as Member;
  const filler = 'x'.repeat(65_000);

  let published = 0;
  const drive = async (rounds: number): Promise<number> => {
    delays.length = 0;
    for (let round = 0; round < rounds; round++, published++) {
      await publish(replica.url, 'large', { data: filler });
      await publish(replica.url, 'small', { data: { at: performance.now() } });
      await pause(50);
    }
    const others = both.members.filter((member) => member !== stalled);
    await small.all(({ received }) => received.length >= published);
    await Promise.all(
      others.map(async ({ received }) => {
        while (received.length < 2 * published) await pause(10);
      }),
    );
    return p99(delays);
  };
  await drive(20);
  const without = await drive(100);
  const before = residentBytes(replica.pid);
  stalled.stall();
  const during = await drive(100);
  const grown = residentBytes(replica.pid) - before;

  expect(await metric(replica.url, 'sse_slow_clients_total')).toBe(1);
  expect(await metric(replica.url, 'sse_streams_closed_total{reason="slow"}')).toBe(1);
  expect(during).toBeLessThan(2 * without + 50);
  // the kernel keeps what it took; ours is the socket's queue, the ring and what a collector has not yet collected
  expect(grown).toBeLessThan(64 * megabyte);
}, 90_000);
