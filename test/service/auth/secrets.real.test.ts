import { connect } from 'node:net';
import { expectNoSecrets, stopPrograms } from '../../support/programs.ts';
import { type Replica, startReplica } from '../../support/replica.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { admin, bearer, claims, encoded, hs256, now, secret, token } from '../../support/tokens.ts';

afterAll(async () => {
  closeStreams();
  await stopPrograms();
});

/** Sends bytes that need not be HTTP, and returns what comes back. */
const raw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (piece) => {
      answer += piece.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });

/** As a buffer is logged by those who log it as it is. */
const inNumbers = (text: string): string => [...Buffer.from(text)].slice(0, 24).join(',');

describe('a service that logs all it can', () => {
  const shown: string[] = [];
  let replica: Replica;
  let answers = '';

  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(`${replica.url}${path}`, init);
    const text = await response.text();
    if (!response.ok) answers += `${text} ${JSON.stringify([...response.headers])}\n`;
    return text;
  };

  /** Makes a request with something secret in every place that a credential can be in. */
  const everywhere = async (value: string, path = '/events?channel=b&'): Promise<void> => {
    shown.push(value);
    await ask(`${path}token=${value}`);
    await ask(`${path}ticket=${value}`);
    await ask(path, { headers: bearer(value) });
    await ask(path, { headers: { authorization: `Basic ${value}` } });
    await ask(path, { headers: { cookie: `sse_token=${value}` } });
    await ask(path, { headers: { cookie: `sse_token=${value}`, origin: 'https://evil.example' } });
    const { port } = replica;
    answers += await raw(
      port,
      `GET /%zz?token=${value}&ticket=${value} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    answers += await raw(
      port,
      `GET /events?token=${value} HTTP/1.1\r\nAuthorization: Bearer ${value}\r\nBroken\r\n\r\n`,
    );
    answers += await raw(port, `GET /nothing?token=${value} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  };

  test('repeats no token, ticket or secret: not in its log, its metrics or its errors', async () => {
    const env = {
      AUTH_MODE: 'jwt',
      JWT_SECRET: secret,
      LOG_LEVEL: 'trace',
      CORS_ORIGINS: 'https://app.example.com',
    };
    replica = await startReplica({ name: 'one', policy: { drainSeconds: 1, maxStreams: 1000 }, env });
    const bad = [
      token(),
      token({ exp: now() - 1 }),
      token({ nbf: now() + 60 }),
      token({ sse: { subscribe: 'all' } }),
      token({ sub: 7 }),
      hs256(claims(), 'another-secret-of-more-than-32-bytes-too'),
      `${encoded({ alg: 'none' })}.${encoded(claims())}.`,
      `${token().slice(0, -4)}AAAA`,
      token({ more: 'x'.repeat(6200) }),
      'a-token-that-is-no-token-at-all-but-long-enough',
    ];
    for (const value of bad) await everywhere(value);

    const short = token({ iat: now() - 10, exp: now() + 2 });
    const expiring = await openStream(`${replica.url}/events?channel=a&token=${short}`);
    const old = token({ iat: now() - 10 });
    const { ticket } = JSON.parse(await ask('/tickets', { method: 'POST', headers: bearer(old) })) as {
      ticket: string;
    };
    shown.push(short, old, ticket);
    const revoked = await openStream(`${replica.url}/events?channel=a&ticket=${ticket}`);
    await ask(`/events?channel=a&ticket=${ticket}`);
    await expiring.ended;
    await ask('/users/ada/streams', { method: 'DELETE', headers: bearer(admin()) });
    await revoked.ended;
    await everywhere(old, '/tickets?');
    await everywhere(ticket, '/events?channel=a&');
    const metrics = await ask('/metrics');
    replica.signal('SIGTERM');
    closeStreams();
    await replica.exited;

    const everything = `${replica.output()}${metrics}${answers}`;
    const parts = [secret, ...shown].flatMap((one) => [one, one.split('.').at(-1) || one, inNumbers(one)]);
    expect(parts.filter((part) => everything.includes(part))).toEqual([]);
    expect(replica.output()).toContain('stream closed');
    expect(answers).toContain('401');
  }, 60_000);
});

test('a token or a ticket in a log is found, whatever the test', () => {
  expect(() => expectNoSecrets(`{"url":"/events?x=${token()}"}`)).toThrow('was printed');
  expect(() => expectNoSecrets(`GET /events?ticket=${'a'.repeat(43)}`)).toThrow('was printed');
  expect(() => expectNoSecrets('{"msg":"stream closed","token":"expired"}')).not.toThrow();
});
