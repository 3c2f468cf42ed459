import type { Hop } from '../../../lib/policy/index.ts';
import { readApache } from '../../../lib/targets/apache/read.ts';

/** The hop of a virtual host's body, in a whole configuration of one file. */
const served = (host: string, server = ''): Hop =>
  readApache({ 'httpd.conf': `${server}\n<VirtualHost *:80>\n${host}\n</VirtualHost>` });

const pass = 'ProxyPass "/" "http://app:80/"';

test('a bare proxy counts with the defaults of Apache', () => {
  expect(served(pass)).toEqual({
    target: 'apache',
    idleTimers: [{ value: 60, setting: 'Timeout 60 (default)' }],
    buffering: { value: false, setting: 'SetOutputFilter none (default)' },
    compression: { value: false, setting: 'SetOutputFilter none (default)' },
    caching: { value: false, setting: 'CacheEnable none (default)' },
    poolIdle: { value: Number.POSITIVE_INFINITY, setting: 'ttl none (default)' },
    streamLimit: { value: 400, setting: 'MaxRequestWorkers 400 (default)' },
    streamsPerConnection: { value: 100, setting: 'H2MaxSessionStreams 100 (default)' },
    stickiness: { value: 'none', setting: 'stickysession none (default)' },
    refusals: { value: 'fatal', setting: 'no ErrorDocument for 502 503 504 (default)' },
    logsQuery: { value: false, setting: 'CustomLog none (default)' },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'GracefulShutdownTimeout 0 (default)' },
  });
});

describe('the idle timer', () => {
  const idle = (host: string, server = ''): unknown => served(host, server).idleTimers?.[0];

  test.each<readonly [host: string, server: string, seconds: number, at: string]>([
    [`${pass} timeout=90`, 'ProxyTimeout 7', 90, 'httpd.conf:3'],
    [`ProxyTimeout 70\n${pass}`, 'Timeout 7', 70, 'httpd.conf:3'],
    [pass, 'Timeout 300', 300, 'httpd.conf:1'],
    [
      `<Location /events>\nProxyPass http://app:80/events timeout=2min\n</Location>\n${pass} timeout=7`,
      '',
      120,
      'httpd.conf:4',
    ],
    [`<LocationMatch ^/ev>\nProxyTimeout 80\n</LocationMatch>\n${pass}`, 'ProxyTimeout 7', 80, 'httpd.conf:4'],
    [
      `ProxyPass /events balancer://b/events timeout=7\n<Proxy balancer://b>\nBalancerMember http://a timeout=90\n</Proxy>`,
      '',
      90,
      'httpd.conf:5',
    ],
    [`ProxyPass /api http://x timeout=7\n${pass} timeout=90`, '', 90, 'httpd.conf:4'],
    [
      `<IfModule !mod_x.c>\nProxyTimeout 7\n</IfModule>\n<IfModule mod_x.c>\nProxyTimeout 90\n</IfModule>\n${pass}`,
      '',
      90,
      'httpd.conf:7',
    ],
  ])('of %j with %j is %d s', (host, server, value, at) => {
    expect(idle(host, server)).toMatchObject({ value, at });
  });
});

test('the virtual host that proxies the path is taken, and its includes are followed', () => {
  const hop = readApache({
    'apache2.conf': 'IncludeOptional sites-enabled/*.conf',
    'sites-enabled/a.conf': '<VirtualHost *:80>\nRedirect / https://b/\n</VirtualHost>',
    'sites-enabled/b.conf': `<VirtualHost *:443>\nInclude proxy.inc\n</VirtualHost>`,
    'proxy.inc': 'ProxyTimeout 90\nProxyPass /events http://app/events',
  });

  expect(hop.idleTimers).toEqual([{ value: 90, setting: 'ProxyTimeout 90', at: 'proxy.inc:1' }]);
});

test.each([
  ['AddOutputFilterByType DEFLATE text/html text/css', false],
  ['AddOutputFilterByType DEFLATE text/event-stream', true],
  ['SetOutputFilter DEFLATE', true],
  ['SetOutputFilter DEFLATE\nSetEnv no-gzip 1', false],
  ['SetOutputFilter BROTLI_COMPRESS;DEFLATE\nSetEnv no-gzip 1', true],
  ['<Location /assets>\nSetOutputFilter DEFLATE\n</Location>', false],
])('%j compresses streams: %s', (host, compresses) => {
  expect(served(`${host}\n${pass}`).compression?.value).toBe(compresses);
});

test.each([
  ['CustomLog a.log combined', true],
  ['LogFormat "%h %U" quiet\nCustomLog a.log quiet', false],
  ['LogFormat "%h %U%q" loud\nCustomLog a.log loud', true],
  ['CustomLog a.log "%h %U"', false],
  ['CustomLog a.log "%h %U %{Referer}i"', true],
  ['CustomLog a.log "%U"\nCustomLog b.log common', true],
  ['TransferLog a.log', true],
])('%j has the query: %s', (host, logs) => {
  expect(served(`${host}\n${pass}`).logsQuery?.value).toBe(logs);
});

test('a host with a log of its own does not write those of the server', () => {
  expect(served(`CustomLog a.log "%U"\n${pass}`, 'CustomLog b.log combined').logsQuery?.value).toBe(false);
  expect(served(pass, 'CustomLog b.log combined').logsQuery?.value).toBe(true);
});

test('the pool and the cookie', () => {
  expect(served(`${pass} ttl=45`).poolIdle).toMatchObject({ value: 45, setting: 'ProxyPass ttl=45' });
  expect(served(`${pass} disablereuse=On`)).not.toHaveProperty('poolIdle');
  expect(
    served(
      'ProxyPass / balancer://b/\n<Proxy balancer://b>\nBalancerMember http://a\nProxySet stickysession=SID|sid\n</Proxy>',
    ).stickiness,
  ).toMatchObject({
    value: { cookie: 'SID', seconds: Number.POSITIVE_INFINITY },
    setting: 'ProxySet stickysession=SID|sid',
  });
});

test('error pages that are not sent as they are, with a 200 and retry:, are fatal', () => {
  const pages = ['502', '503', '504'].map((status) => `ErrorDocument ${status} /soft`).join('\n');
  const host = `<VirtualHost *:80>\n${pages}\nAlias /soft /srv/soft.asis\n${pass}\n</VirtualHost>`;
  const refusals = (body: string): unknown => readApache({ 'a.conf': host, 'soft.asis': body }).refusals?.value;

  expect(refusals('Status: 200 OK\n\nretry: 3000\n\n')).toBe('soft');
  expect(refusals('Status: 503 Sorry\n\nretry: 3000\n\n')).toBe('fatal');
  expect(refusals('Status: 200 OK\n\nsorry\n')).toBe('fatal');
});
