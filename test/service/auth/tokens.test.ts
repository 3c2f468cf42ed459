import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { Tokens } from '../../../service/auth/tokens.ts';
import { startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { bearer, claims, encoded, hs256, jwt, now, signingKey, token } from '../../support/tokens.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const unsigned = `${encoded({ alg: 'none' })}.${encoded(claims())}.`;
const tampered = (): string => {
  const [header, , signature] = token().split('.');
  return `${header}.${encoded(claims({ sub: 'eve' }))}.${signature}`;
};

/** What is wrong with a token, and what is said about it. */
const bad: readonly (readonly [what: string, token: () => string, detail: RegExp])[] = [
  [
    'a signature of another key',
    () => hs256(claims(), 'another-secret-of-more-than-32-bytes-too'),
    /not signed with a key/,
  ],
  ['claims changed after signing', tampered, /not signed with a key/],
  ['no signature at all', () => unsigned, /alg must be one of HS256/],
  [
    'no signature, and a name in capitals',
    () => unsigned.replace(encoded({ alg: 'none' }), encoded({ alg: 'NONE' })),
    /alg/,
  ],
  [
    'an algorithm that the secret is too short for',
    () => hs256(claims(), undefined, { alg: 'HS512' }),
    /alg must be one of HS256/,
  ],
  [
    'a critical extension that nobody knows',
    () => hs256(claims(), undefined, { alg: 'HS256', crit: ['x'], x: 1 }),
    /not a signed JWT/,
  ],
  ['an end in the past', () => token({ exp: now() - 1 }), /has expired/],
  ['an end in milliseconds', () => token({ exp: Date.now() + 60_000 }), /"exp" must be a number of seconds/],
  ['an end that is no number', () => token({ exp: 'tomorrow' }), /"exp" must be a number/],
  ['no end', () => token({ exp: undefined }), /no claim "exp"/],
  ['a beginning in the future', () => token({ nbf: now() + 60 }), /not valid yet/],
  ['an issue in the future', () => token({ iat: now() + 60 }), /"iat" must lie in the past/],
  ['nobody it speaks of', () => token({ sub: undefined }), /no claim "sub"/],
  ['a user with a line break', () => token({ sub: 'a\nb' }), /"sub" must be a string of 1 to 128/],
  ['a user that is a number', () => token({ sub: 7 }), /"sub" must be a string/],
  ['a user that is too long', () => token({ sub: 'u'.repeat(129) }), /"sub" must be/],
  ['grants that are a list', () => token({ sse: ['a'] }), /"sse" must be an object/],
  ['grants that are null', () => token({ sse: null }), /"sse" must be an object/],
  ['a pattern that is no array', () => token({ sse: { subscribe: 'a' } }), /"sse.subscribe" must be an array/],
  ['a star in the middle', () => token({ sse: { subscribe: ['a*b'] } }), /"sse.subscribe" must be/],
  ['a pattern no channel can have', () => token({ sse: { publish: ['a b'] } }), /"sse.publish" must be/],
  ['an admin that is a string', () => token({ sse: { admin: 'true' } }), /"sse.admin" must be true or false/],
  ['claims that are an array', () => hs256([]), /not a signed JWT/],
  ['claims that are not JSON', () => hs256(claims()).replace(/\..*\./, '.e30x.'), /not signed|not a signed/],
  ['another part behind its signature', () => `${token()}.x`, /not a signed JWT/],
  ['a signature that is cut short', () => token().slice(0, -1), /not signed with a key/],
  ['a header that is no object', () => hs256(claims(), undefined, [] as never), /not a signed JWT|alg/],
  ['a header without an algorithm', () => hs256(claims(), undefined, {}), /alg must be one of|not a signed/],
  ['no JWT', () => 'abc', /not a signed JWT/],
  ['dots only', () => '..', /not a signed JWT/],
  ['more than 8192 characters', () => token({ more: 'x'.repeat(8192) }), /characters, and at most 8192/],
];

describe('a token is refused with 401, for good, when it has', () => {
  test.each(bad)('%s', async (_, make, detail) => {
    const { url } = await startService({}, { auth: jwt });
    const value = make();
    const response = await fetch(`${url}/events?channel=a`, {
      headers: { accept: 'text/event-stream', ...bearer(value) },
    });
    const text = await response.text();

    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sse-kit", error="invalid_token"');
    expect(JSON.parse(text).detail).toMatch(detail);
    expect(text).not.toContain(value);
  });
});

describe('a token is taken', () => {
  test('with clocks a little apart', async () => {
    const { url } = await startService({}, { auth: jwt });
    const early = token({ nbf: now() + 3, iat: now() + 3 });
    expect((await openStream(`${url}/events?channel=a`, bearer(early))).status).toBe(200);
  });

  test('with claims that are not ours', async () => {
    const { url } = await startService({}, { auth: jwt });
    const more = token({ scope: 'x', sse: { subscribe: ['a'], later: true } });
    expect((await openStream(`${url}/events?channel=a`, bearer(more))).status).toBe(200);
  });

  test('from the issuer and for the audience that are set, and from no other', async () => {
    const auth = { ...jwt, issuer: 'https://login.example', audience: 'events' };
    const { url } = await startService({}, { auth });
    const ask = async (more: object): Promise<unknown> => {
      const response = await openStream(`${url}/events?channel=a`, bearer(token({ ...more })));
      return response.status;
    };
    const iss = 'https://login.example';

    expect(await ask({ iss, aud: 'events' })).toBe(200);
    expect(await ask({ iss, aud: ['mail', 'events'] })).toBe(200);
    expect(await ask({ iss, aud: 'mail' })).toBe(401);
    expect(await ask({ iss: `${iss}.evil.example`, aud: 'events' })).toBe(401);
    expect(await ask({ iss })).toBe(401);
    expect(await ask({ aud: 'events' })).toBe(401);
  });

  test('of a public key, but not when it is signed with that key as if it were a secret', async () => {
    const key = signingKey('one');
    const auth = { ...jwt, keys: { key: key.publicKey, algorithms: ['ES256'] } };
    const { url } = await startService({}, { auth });
    const ask = async (value: string): Promise<number> =>
      (await openStream(`${url}/events?channel=a`, bearer(value))).status;

    expect(await ask(key.sign())).toBe(200);
    expect(await ask(hs256(claims(), key.pem))).toBe(401);
    expect(await ask(unsigned)).toBe(401);
    expect(await ask(signingKey('one').sign())).toBe(401);
  });

  test('again, from memory, until it expires', async () => {
    const { url } = await startService({}, { auth: jwt });
    const short = token({ exp: now() + 2 });
    const statuses: number[] = [];
    for (let status = 0; status !== 401; statuses.push(status)) {
      status = (await fetch(`${url}/tickets`, { method: 'POST', headers: bearer(short) })).status;
    }

    expect(statuses.slice(0, 2)).toEqual([201, 201]);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(JSON.parse(atob(short.split('.')[1] as string)).exp);
  });
});

test('where URLs are logged on the way, a token in the query is refused, and told where it belongs', async () => {
  const { url } = await startService({}, { auth: jwt, queryTokens: false });
  const ask = (path: string, headers = {}) => fetch(`${url}${path}`, { headers });

  const refused = await ask(`/events?channel=a&token=${token()}`);
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('token= is not taken here') });
  expect((await openStream(`${url}/events?channel=a`, bearer(token()))).status).toBe(200);
  const made = await fetch(`${url}/tickets`, { method: 'POST', headers: bearer(token()) });
  const { ticket } = (await made.json()) as { ticket: string };
  expect((await openStream(`${url}/events?channel=a&ticket=${ticket}`)).status).toBe(200);
});

const secretKey = createSecretKey('x'.repeat(64), 'utf8');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });

describe('a token is verified when it is signed with', () => {
  test.each<[string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }]>([
    ['HS256', { privateKey: secretKey, publicKey: secretKey }],
    ['HS384', { privateKey: secretKey, publicKey: secretKey }],
    ['HS512', { privateKey: secretKey, publicKey: secretKey }],
    ['RS256', rsa],
    ['RS512', rsa],
    ['PS256', rsa],
    ['ES256', curve('P-256')],
    ['ES384', curve('P-384')],
    ['ES512', curve('P-521')],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ])('%s', async (alg, { privateKey, publicKey }) => {
    const tokens = new Tokens(
      { ...jwt, keys: { key: publicKey, algorithms: [alg] } },
      { remembered: 1, failed: () => {} },
    );
    const make = (sub: string): Promise<string> =>
      new SignJWT(claims({ sub })).setProtectedHeader({ alg }).sign(privateKey);
    expect(await tokens.callerOf(await make('ada'))).toMatchObject({ user: 'ada' });
    expect(await tokens.callerOf(await make('bob'))).toMatchObject({ user: 'bob' });
  });
});

test('no more tokens are remembered than there is room for', async () => {
  const key = signingKey('one');
  const keys = { key: key.publicKey, algorithms: ['ES256'] };
  const tokens = new Tokens({ ...jwt, keys }, { remembered: 2, failed: () => {} });
  const all = ['a', 'b', 'c'].map((sub) => key.sign(claims({ sub })));
  for (const one of all) await tokens.callerOf(one);
  const waits = all.map((one) => tokens.callerOf(one) instanceof Promise);
  expect(waits).toEqual([true, false, false]);
});
