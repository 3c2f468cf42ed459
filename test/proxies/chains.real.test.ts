import { stopPrograms } from '../support/programs.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { startWitness, type Witness } from '../support/witness.ts';
import { chainOf } from './chain.ts';
import { checks } from './checks/index.ts';
import { openBy } from './checks/tools.ts';
import type { Mutation, ProxyDriver } from './driver.ts';
import { haproxyDriver } from './haproxy.ts';
import { nginxDriver } from './nginx.ts';
import { proveBreakages, proveProxy } from './proof.ts';
import { brokenStage, Cast, policy } from './stage.ts';
import { varnishDriver } from './varnish.ts';

const nginx = nginxDriver('before 1.25.1');
const [haproxy, varnish] = [haproxyDriver(), varnishDriver()];

const chains = [
  { inner: nginx, chain: chainOf(nginx, nginx) },
  { inner: haproxy, chain: chainOf(nginx, haproxy) },
  { inner: varnish, chain: chainOf(haproxy, varnish) },
];
const byName = chains.map((one) => [one.chain.name, one] as const);

for (const { chain } of chains) proveProxy(chain);

/** Leaves it to the header of the service whether an nginx buffers. */
const buffersUnlessTold: Mutation = (text) => text.replace('proxy_buffering off;', '');

proveBreakages(chainOf(nginx, nginx), [
  {
    what: 'X-Accel-Buffering stripped by the inner one, and all that the outer one has',
    mutate: (text) => buffersUnlessTold(text).replace('proxy_pass_header X-Accel-Buffering;', ''),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
]);

proveBreakages(chainOf(nginx, haproxy), [
  {
    what: 'X-Accel-Buffering stripped by the inner one, and all that the outer one has',
    mutate: (text) =>
      buffersUnlessTold(text).replaceAll(
        'option http-no-delay',
        'option http-no-delay\nhttp-response del-header X-Accel-Buffering',
      ),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
]);

proveBreakages(chainOf(haproxy, varnish), [
  {
    what: 'one answer of the inner one for all',
    mutate: (text) => text.replace('return (pass);', 'return (hash);'),
    noticed: 'promptness',
    says: /streamsOfTheirOwn/,
  },
]);

describe('behind another proxy', () => {
  let witnesses: readonly Witness[] = [];
  const [a, b] = [0, 1] as const;

  /** Starts two replicas that answer so, and says how often a request for a stream came to them. */
  async function witnessed(status: 200 | 503, driver: ProxyDriver) {
    const both = [await startWitness(status), await startWitness(status)] as const;
    witnesses = [...witnesses, ...both];
    const proxy = await driver.start([both[a].port, both[b].port], policy);
    return { proxy, asked: () => both.flatMap(({ asked }) => asked) };
  }
  afterEach(async () => {
    closeStreams();
    await stopPrograms();
    for (const { close } of witnesses) close();
    witnesses = [];
  });

  test.each(byName)(
    'the service hears who asks, and how: %s',
    async (_, { chain }) => {
      const { proxy, asked } = await witnessed(200, chain);
      for (const way of proxy.ways) await (await openBy(way, '/events')).ended;

      expect(
        asked()
          .map(({ host }) => host)
          .sort(),
      ).toEqual(proxy.ways.map(({ url }) => new URL(url).host).sort());
      expect(asked().map((headers) => headers['x-forwarded-for'])).toEqual(
        proxy.ways.map(() => '127.0.0.1, 127.0.0.1'),
      );
      expect(
        asked()
          .map((headers) => headers['x-forwarded-proto'])
          .sort(),
      ).toEqual(proxy.ways.map(({ url }) => new URL(url).protocol.slice(0, -1)).sort());
    },
    30_000,
  );

  test.each(byName)(
    'a refusal of all replicas is not asked for twice: %s',
    async (_, { chain, inner }) => {
      const [alone, chained] = [await witnessed(503, inner), await witnessed(503, chain)];
      const answers = [];
      for (const { proxy } of [alone, chained]) {
        const refused = await openStream(`${proxy.url}/events`);
        await refused.ended;
        answers.push({
          status: refused.status,
          by: refused.headers['x-sse-soft-fail'],
          retries: refused.retries.length,
        });
      }

      expect(answers).toEqual([alone, chained].map(() => ({ status: 200, by: 'upstream', retries: 1 })));
      expect(chained.asked()).toHaveLength(alone.asked().length);
    },
    30_000,
  );
});

describe('an nginx that is left the choice', () => {
  let cast: Cast;
  beforeAll(async () => {
    cast = await Cast.gather();
  }, 60_000);
  afterEach(closeStreams);
  afterAll(stopPrograms);

  test.each(byName.slice(0, 2))(
    'hears from the proxy behind it that it must not buffer: %s',
    async (_, { chain }) => {
      const stage = () => brokenStage(cast, chain, buffersUnlessTold);

      await checks.promptness.prove({ driver: chain, stage });
    },
    30_000,
  );
});
