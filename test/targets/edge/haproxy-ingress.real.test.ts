import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { defaults, retryBoundsMs } from '../../../lib/policy/index.ts';
import { edges } from '../../../lib/targets/index.ts';
import { freePort, newer, startProgram, stopPrograms, temporaryFolder } from '../../support/programs.ts';

const prefix = 'haproxy-ingress.github.io/';
const annotations = edges['haproxy-ingress'].render(defaults).manifests[0]?.metadata.annotations ?? {};
const textOf = (key: string): string => annotations[`${prefix}${key}`] ?? '';

/** The backend as the controller writes it (jcmoraisjr/haproxy-ingress:rootfs/etc/templates/haproxy/haproxy.tmpl, v0.15). */
const configOf = (port: number, server: string): string => `
defaults
    mode http
    timeout client 50s
    timeout connect ${textOf('timeout-connect')}
    timeout server ${textOf('timeout-server')}
    option redispatch
frontend http
    bind 127.0.0.1:${port}
    default_backend live_streams_http
backend live_streams_http
    mode http
    balance ${textOf('balance-algorithm')}
    cookie ${textOf('session-cookie-name')} insert ${textOf('session-cookie-keywords')} dynamic
    dynamic-cookie-key "Ingress"
${textOf('config-backend').replace(/^/gm, '    ')}
    server srv001 ${server} weight 1
`;

const servers: Server[] = [];

/** A replica that answers every request like this. */
function replica(status: number, type: string, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body));
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

afterAll(async () => {
  for (const server of servers) server.close();
  await stopPrograms();
});

async function edgeOf(command: string, server: string): Promise<string> {
  const port = await freePort();
  const file = join(temporaryFolder(), 'haproxy.cfg');
  writeFileSync(file, configOf(port, server));
  const program = startProgram(command, ['-W', '-db', '-f', file]);
  await program.prints(/Loading success/);
  expect(program.output()).not.toMatch(/warning|alert/i);
  return `http://127.0.0.1:${port}`;
}

const eventSource = { accept: 'text/event-stream', origin: 'https://app.test', 'last-event-id': '1-2.3' };

// a replica that is not there is tried for three seconds
jest.setTimeout(20_000);

describe.each([
  ['the HAProxy of 0.15', 'haproxy'],
  ['a newer HAProxy', newer('haproxy')],
])('with %s', (_, command) => {
  test('an EventSource that no replica answers is told when to come back, and keeps its cursor', async () => {
    const url = await edgeOf(command, `127.0.0.1:${await freePort()}`);
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const response = await fetch(`${url}/events?channel=a`, { headers: eventSource });
        return { response, body: await response.text() };
      }),
    );

    for (const { response, body } of answers) {
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-sse-soft-fail': 'upstream',
        'access-control-allow-origin': 'https://app.test',
      });
      expect(body).toMatch(/^retry: \d+\nid: 1-2\.3\n\n$/);
    }
    const { least, most } = retryBoundsMs(defaults);
    const retries = answers.map(({ body }) => Number(/retry: (\d+)/.exec(body)?.[1]));
    expect(retries.filter((retry) => retry < least || retry > most)).toEqual([]);
    expect(new Set(retries).size).toBeGreaterThan(1);
  });

  test('everybody else is told the truth', async () => {
    const url = await edgeOf(command, `127.0.0.1:${await freePort()}`);

    const paths = ['/events', '/livez', '/channels/a/events'];
    const answers = await Promise.all(
      paths.map((path) => fetch(`${url}${path}`, { headers: { accept: 'application/json' } })),
    );
    for (const response of answers) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('3');
      expect(response.headers.has('x-sse-soft-fail')).toBe(false);
    }
  });

  test('what a replica says itself stays as it is, and the cookie ends with the stream', async () => {
    const url = await edgeOf(command, await replica(503, 'application/problem+json', '{"status":503}'));
    const response = await fetch(`${url}/events`, { headers: eventSource });

    expect(response.status).toBe(503);
    expect(await response.text()).toBe('{"status":503}');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('set-cookie')).toMatch(/^SSEKIT=[^;]+;/);
  });
});
