import { setTimeout as pause } from 'node:timers/promises';
import { definePolicy } from '../../lib/policy/index.ts';
import { closeCrowds, openCrowd } from '../support/crowd.ts';
import { startProgram, stopPrograms } from '../support/programs.ts';
import { startRedis } from '../support/redis.ts';
import { startReplica } from '../support/replica.ts';
import { type RolloutNumbers, rollOut, startEdge, stopPod } from '../support/rollout.ts';
import { metric } from '../support/service.ts';
import { podOf, synth } from './chart.ts';

/** As short as a rollout can be played, and otherwise like any other. */
const policy = definePolicy({
  propagationSeconds: 3,
  drainSeconds: 5,
  retryMs: 1000,
  maxStreams: 1000,
  connectRatePerSecond: 200,
});

const manifests = synth({ policy, service: { replicas: { min: 3, max: 3 }, allowAnonymous: true } });

/** What the synthesized Deployment says; nothing here is said twice. */
const numbers: RolloutNumbers = (() => {
  const { spec, container } = podOf(manifests);
  const { minReadySeconds, strategy } = manifests.deployment.spec;
  const preStop = container.lifecycle?.preStop as { readonly sleep?: { readonly seconds: number } } | undefined;
  return {
    preStopSeconds: Number(preStop?.sleep?.seconds),
    graceSeconds: Number(spec.terminationGracePeriodSeconds),
    minReadySeconds: Number(minReadySeconds),
    maxSurge: Number(strategy?.rollingUpdate?.maxSurge),
    maxUnavailable: Number(strategy?.rollingUpdate?.maxUnavailable),
  };
})();

const draining = 'sse_soft_fails_total{reason="draining"}';

afterEach(closeCrowds);
afterAll(stopPrograms);

test('a rollout goes unnoticed: 500 streams, no event lost or repeated, no pod killed, no storm', async () => {
  const redis = await startRedis();
  const { PORT: _, ...plain } = manifests.configMap.data;
  const env = { ...plain, HOST: '127.0.0.1', REDIS_URL: redis.url };
  const names = Array.from({ length: manifests.deployment.spec.replicas ?? 0 }, (_, index) => `old-${index}`);
  const old = await Promise.all(names.map((name) => startReplica({ name, env })));
  const edge = await startEdge(old);
  const port = Number(new URL(edge.nginx.url).port);
  const connects: number[] = [];
  const crowd = await openCrowd(500, '/events?channel=a', () => {
    connects.push(performance.now());
    return port;
  });
  const before = connects.length;
  let published = 0;
  let refused = 0;
  let stop = false;
  const publishing = (async () => {
    for (; !stop; published++) {
      await publishOnce(edge.nginx.url, published);
      const turnedAway = await Promise.all(old.map(({ url }) => metric(url, draining).catch(() => 0)));
      refused = Math.max(refused, ...turnedAway);
      await pause(100);
    }
  })();
  await crowd.all(({ received }) => received.length > 0);

  // the proxies learn of a deletion late, but within propagationSeconds
  const { endings } = await rollOut({ old, edge, numbers, env, noticeSeconds: policy.propagationSeconds - 0.5 });
  stop = true;
  await publishing;
  await crowd.all(({ received, stream }) => received.length >= published && stream().startsWith('young'));

  const numbersInOrder = Array.from({ length: published }, (_, number) => String(number));
  for (const { received, gaps } of crowd.members) {
    expect(received).toEqual(numbersInOrder);
    expect(gaps).toEqual([]);
  }
  expect(endings).toEqual(names.map(() => ({ code: 0, killed: false, tookMs: expect.any(Number) })));
  // nobody came to a pod that was leaving: it served until every proxy knew
  expect(refused).toBe(0);
  // nobody was cut: each connection but the first was told to end by a draining pod
  const goodbyes = crowd.members.flatMap((member) => member.goodbyes);
  expect(new Set(goodbyes.map(({ reason }) => reason))).toEqual(new Set(['drain']));
  expect(connects.length - before).toBe(goodbyes.length);
  expect(busiestSecond(connects.slice(before))).toBeLessThan(policy.connectRatePerSecond);
}, 90_000);

test('a pod that does not end in time is killed, and it shows', async () => {
  const deaf = startProgram(process.execPath, [
    '-e',
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")',
  ]);
  await deaf.prints(/up/);

  expect(await stopPod(deaf, { preStopSeconds: 0, graceSeconds: 0.3 })).toMatchObject({ code: null, killed: true });
});

/** As a publisher should: a connection that an old worker of the proxy was just closing is no answer, so it asks again. */
async function publishOnce(url: string, number: number): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const answer = await fetch(`${url}/channels/a/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `event-${number}` },
      body: JSON.stringify({ data: number }),
    }).catch(() => undefined);
    if (answer?.status === 202) return;
  }
  throw new Error(`event ${number} was not accepted in five attempts`);
}

/** The most that happened within any second. */
function busiestSecond(moments: readonly number[]): number {
  return Math.max(...moments.map((from) => moments.filter((at) => at >= from && at < from + 1000).length));
}
