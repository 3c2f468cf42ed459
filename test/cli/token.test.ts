import { createSecretKey } from 'node:crypto';
import { Tokens } from '../../service/auth/tokens.ts';
import { Bench } from './run.ts';

const secret = 'a-secret-of-more-than-32-bytes-for-tests-only';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  bench.env = { JWT_SECRET: secret };
});
afterEach(() => bench.remove());

const service = (more: { issuer?: string; audience?: string } = {}): Tokens =>
  new Tokens(
    {
      mode: 'jwt',
      keys: { key: createSecretKey(secret, 'utf8'), algorithms: ['HS256'] },
      issuer: more.issuer,
      audience: more.audience,
    },
    { remembered: 1, failed: () => {} },
  );

describe('sse-kit token', () => {
  test('prints a token that the service takes, and nothing else', async () => {
    const { status, out, err } = await bench.run(
      ...['token', '--sub', 'ada', '--subscribe', 'a,room.*', '--subscribe', 'b', '--publish', 'a', '--expires', '2m'],
    );
    const caller = await service().callerOf(out.trimEnd());

    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(caller).toMatchObject({
      user: 'ada',
      grants: { subscribe: ['a', 'room.*', 'b'], publish: ['a'], admin: false },
    });
    expect((caller.expiresAt ?? 0) - (caller.issuedAt ?? 0)).toBe(120_000);
  });

  test('grants nothing that is not asked for, and lasts an hour', async () => {
    const { out } = await bench.run('token', '--sub', 'ada');
    const caller = await service().callerOf(out.trimEnd());
    expect(caller.grants).toEqual({ subscribe: [], publish: [], admin: false });
    expect((caller.expiresAt ?? 0) - (caller.issuedAt ?? 0)).toBe(3_600_000);
  });

  test('is for the issuer and audience of the environment', async () => {
    bench.env = { ...bench.env, JWT_ISSUER: 'i', JWT_AUDIENCE: 'events' };
    const { out } = await bench.run('token', '--sub', 'root', '--admin');
    const caller = await service({ issuer: 'i', audience: 'events' }).callerOf(out.trimEnd());
    expect(caller.grants.admin).toBe(true);
  });

  test('prints token and claims with --json', async () => {
    const { out } = await bench.run('token', '--sub', 'ada', '--json');
    expect(JSON.parse(out)).toEqual({
      token: expect.any(String),
      claims: expect.objectContaining({ sub: 'ada', sse: { subscribe: [], publish: [], admin: false } }),
    });
  });

  test.each([
    ['no user', ['token'], /required option '--sub <user>'/],
    ['a user with a line break', ['token', '--sub', 'a\nb'], /none of them a control character/],
    ['a star in the middle', ['token', '--sub', 'a', '--subscribe', 'a*b'], /"a\*b" must be a channel name/],
    ['no channel between commas', ['token', '--sub', 'a', '--publish', 'a,,b'], /"" must be a channel name/],
    ['a duration without a unit', ['token', '--sub', 'a', '--expires', '60'], /as in 1h/],
  ])('wrong use with %s ends with 2', async (_, argv, message) => {
    const { status, out, err } = await bench.run(...argv);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  test.each([{}, { JWT_SECRET: 'short-hunter2' }])('needs a secret that the service would take', async (env) => {
    bench.env = env;
    const { status, err } = await bench.run('token', '--sub', 'ada');
    expect(status).toBe(2);
    expect(err).toContain('JWT_SECRET must be set');
    expect(err).not.toContain('hunter2');
  });
});
