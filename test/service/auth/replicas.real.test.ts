import { stopPrograms } from '../../support/programs.ts';
import { sharedRedis } from '../../support/redis.ts';
import { type Replica, startReplica } from '../../support/replica.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { admin, bearer, now, secret, token } from '../../support/tokens.ts';

const redis = sharedRedis();
const env = { AUTH_MODE: 'jwt', JWT_SECRET: secret };
let replicas: readonly [Replica, Replica];

const start = (name: string): Promise<Replica> => startReplica({ name, redisUrl: redis.server.url, env });

beforeAll(async () => {
  replicas = await Promise.all([start('one'), start('two')]);
}, 60_000);

afterEach(closeStreams);

afterAll(stopPrograms);

const ticketFrom = async ({ url }: Replica, value: string): Promise<string> => {
  const response = await fetch(`${url}/tickets`, { method: 'POST', headers: bearer(value) });
  return ((await response.json()) as { ticket: string }).ticket;
};

const revoke = ({ url }: Replica, user: string): Promise<Response> =>
  fetch(`${url}/users/${user}/streams`, { method: 'DELETE', headers: bearer(admin()) });

describe('two replicas', () => {
  test('take a ticket of each other, once', async () => {
    const [one, two] = replicas;
    const ticket = await ticketFrom(one, token());
    const streams = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        openStream(`${(index % 2 ? one : two).url}/events?channel=a&ticket=${ticket}`),
      ),
    );
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(streams.filter(({ status }) => status === 401)).toHaveLength(9);

    const another = await ticketFrom(one, token());
    expect((await openStream(`${two.url}/events?channel=a&ticket=${another}`)).status).toBe(200);
    expect((await openStream(`${one.url}/events?channel=a&ticket=${another}`)).status).toBe(401);
  });

  test('keep no ticket and no token in the store that could be used', async () => {
    const ticket = await ticketFrom(replicas[0], token());
    const keys = await redis.admin.keys('*ticket:*');
    const kept = await Promise.all(keys.map((key) => redis.admin.get(key)));
    expect(keys).toHaveLength(1);
    expect(JSON.stringify([keys, kept])).not.toContain(ticket);
    expect(JSON.stringify([keys, kept])).not.toContain('eyJ');
  });

  test('end a user’s streams on both, and keep them away from both', async () => {
    const [one, two] = replicas;
    const old = token({ sub: 'eve', iat: now() - 10 });
    const streams = await Promise.all(
      [one, two, two].map(({ url }) => openStream(`${url}/events?channel=a`, bearer(old))),
    );
    const ticket = await ticketFrom(two, old);
    await Promise.all(streams.map((stream) => stream.event('stream:open')));
    expect((await revoke(one, 'eve')).status).toBe(202);
    await Promise.all(streams.map(({ ended }) => ended));

    for (const { events } of streams) expect(events.at(-1)?.data).toBe('{"reason":"revoked"}');
    for (const { url } of [one, two])
      expect((await openStream(`${url}/events?channel=a`, bearer(old))).status).toBe(204);
    expect((await openStream(`${one.url}/events?channel=a&ticket=${ticket}`)).status).toBe(204);
    const renewed = token({ sub: 'eve', iat: now() + 1 });
    expect((await openStream(`${two.url}/events?channel=a`, bearer(renewed))).status).toBe(200);
  });

  test('tell one that starts later who was revoked', async () => {
    const old = token({ sub: 'mallory', iat: now() - 10 });
    expect((await revoke(replicas[0], 'mallory')).status).toBe(202);
    const later = await start('three');
    expect((await openStream(`${later.url}/events?channel=a`, bearer(old))).status).toBe(204);
    later.signal('SIGKILL');
  }, 30_000);
});
