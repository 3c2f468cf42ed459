import type { Caller } from '../../../service/auth/caller.ts';
import { KeysUnavailable, Unauthorized } from '../../../service/auth/errors.ts';
import { Tokens } from '../../../service/auth/tokens.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { metric, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { bearer, claims, hs256, jwt, secret, signingKey } from '../../support/tokens.ts';

const [one, two] = [signingKey('one'), signingKey('two')];
let issuer: Issuer;
let tokens: Tokens | undefined;

beforeEach(async () => {
  issuer = await startIssuer([one.jwk]);
});

afterEach(async () => {
  tokens?.close();
  closeStreams();
  await stopServices();
  await issuer.close();
});

const settings = (): typeof jwt => ({ ...jwt, keys: { jwksUrl: issuer.url } });

function follow(cooldownMs = 0): Tokens {
  tokens = new Tokens(settings(), { remembered: 10, failed: () => {}, cooldownMs });
  return tokens;
}

/** A moment in which a pause after a failure ends. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1100));

describe('a key set', () => {
  test('is fetched once for many tokens', async () => {
    const known = follow(5000);
    const callers = await Promise.all(
      ['a', 'b', 'c'].map(async (sub): Promise<Caller> => known.callerOf(one.sign(claims({ sub })))),
    );
    expect(callers.map(({ user }) => user)).toEqual(['a', 'b', 'c']);
    expect(issuer.asked).toBe(1);
  });

  test('is followed when a key is added, and when one is removed', async () => {
    const known = follow();
    const old = one.sign();
    await known.callerOf(old);
    issuer.keys = [one.jwk, two.jwk];
    expect(await known.callerOf(two.sign())).toMatchObject({ user: 'ada' });
    expect(await known.callerOf(old)).toMatchObject({ user: 'ada' });
    issuer.keys = [two.jwk];
    await known.start();
    await expect((async () => known.callerOf(old))()).rejects.toThrow(Unauthorized);
  });

  test('does not vouch for a key that it does not have', async () => {
    await expect((async () => follow().callerOf(signingKey('three').sign()))()).rejects.toThrow(/kid/);
  });

  test('does not vouch for another key of the same name', async () => {
    await expect((async () => follow().callerOf(signingKey('one').sign()))()).rejects.toThrow(/not signed with a key/);
  });

  test('is asked again for unknown keys at times only; until then nothing is said about them', async () => {
    const known = follow(60_000);
    await known.callerOf(one.sign());
    for (const kid of ['x', 'y', 'z'])
      await expect((async () => known.callerOf(signingKey(kid).sign()))()).rejects.toThrow(KeysUnavailable);
    expect(issuer.asked).toBe(1);
  });

  test('never makes a secret of what is public', async () => {
    issuer.keys = [{ kty: 'oct', kid: 'one', k: Buffer.from(secret).toString('base64url') }];
    const known = follow();
    await expect((async () => known.callerOf(hs256(claims())))()).rejects.toThrow(/alg must be one of RS256/);
    await expect(
      (async () => known.callerOf(hs256(claims(), one.pem, { alg: 'HS256', kid: 'one' })))(),
    ).rejects.toThrow(/alg must be one of RS256/);
  });

  test('goes on counting while its issuer is away', async () => {
    const known = follow();
    await known.start();
    issuer.status = 500;
    expect(await known.callerOf(one.sign())).toMatchObject({ user: 'ada' });
    await expect((async () => known.callerOf(two.sign()))()).rejects.toThrow(KeysUnavailable);
    issuer.status = 200;
    issuer.keys = [one.jwk, two.jwk];
    await pause();
    expect(await known.callerOf(two.sign())).toMatchObject({ user: 'ada' });
  });

  test('that cannot be fetched turns streams away softly and all others with 503, and nobody for good', async () => {
    issuer.status = 503;
    const { url } = await startService({}, { auth: settings() });
    const refused = await openStream(`${url}/events?channel=a`, bearer(one.sign()));
    await refused.ended;
    const ticket = await fetch(`${url}/tickets`, { method: 'POST', headers: bearer(one.sign()) });

    expect(refused.status).toBe(200);
    expect(refused.headers['x-sse-soft-fail']).toBe('keys-lost');
    expect(refused.events).toMatchObject([{ event: 'stream:close', data: '{"reason":"overloaded"}' }]);
    expect(refused.retries).toHaveLength(1);
    expect(await metric(url, 'sse_soft_fails_total{reason="keys-lost"}')).toBe(1);
    expect(ticket.status).toBe(503);
    expect(Number(ticket.headers.get('retry-after'))).toBeGreaterThan(0);

    issuer.status = 200;
    await pause();
    expect((await openStream(`${url}/events?channel=a`, bearer(one.sign()))).status).toBe(200);
  });

  test.each([
    ['is not there at all', async () => issuer.close()],
    ['is no key set', async () => void Object.assign(issuer, { keys: 'none' })],
  ])('that %s is no reason to crash', async (_, spoil) => {
    await spoil();
    const known = follow();
    await known.start();
    await expect((async () => known.callerOf(one.sign()))()).rejects.toThrow(KeysUnavailable);
  });
});
