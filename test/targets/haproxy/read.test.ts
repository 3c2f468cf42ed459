import type { Hop } from '../../../lib/policy/index.ts';
import { definePolicy } from '../../../lib/policy/index.ts';
import { haproxyFiles } from '../../../lib/targets/haproxy/files.ts';
import { readHaproxy } from '../../../lib/targets/haproxy/read.ts';

const read = (text: string, path?: string): Hop => readHaproxy({ 'haproxy.cfg': text }, path);

/** A backend's lines, in a whole configuration of one file. */
const served = (backend: string, frontend = '', global = ''): Hop =>
  read(
    `global\n${global}\nfrontend web\n${frontend}\ndefault_backend app\nbackend app\n${backend}\nserver a 10.0.0.1:80\n`,
  );

const timerOf = (hop: Hop): number | undefined => hop.idleTimers?.[0]?.value;

test('a bare proxy counts with the defaults of HAProxy', () => {
  expect(served('')).toEqual({
    target: 'haproxy',
    idleTimers: [{ value: Number.POSITIVE_INFINITY, setting: 'timeout server unset (default)' }],
    buffering: { value: true, setting: 'option http-no-delay unset (default)' },
    compression: { value: false, setting: 'compression algo unset (default)' },
    caching: { value: false, setting: 'http-request cache-use unset (default)' },
    streamsPerConnection: { value: 100, setting: 'tune.h2.max-concurrent-streams 100 (default)' },
    stickiness: { value: 'none', setting: 'cookie unset (default)' },
    refusals: { value: 'fatal', setting: 'http-error status 502 unset (default)' },
    logsQuery: { value: false, setting: 'log unset (default)' },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'hard-stop-after unset (default)' },
    poolIdle: { value: 50, setting: 'pool-purge-delay 5s (default)' },
  });
});

test('a line is reported as it is written, with file and line', () => {
  const hop = readHaproxy({ 'sites/app.cfg': 'backend app\n  timeout server  1h # long\n  server a 10.0.0.1:80' });

  expect(hop.idleTimers).toEqual([{ value: 3600, setting: 'timeout server 1h', at: 'sites/app.cfg:2' }]);
});

test.each([
  ['5000', 5],
  ['6000ms', 6],
  ['90s', 90],
  ['2m', 120],
  ['1h', 3600],
  ['1d', 86_400],
])('%s are %d seconds', (time, seconds) => {
  expect(timerOf(served(`timeout server ${time}`))).toBe(seconds);
});

describe('what counts', () => {
  const cases: readonly (readonly [what: string, text: string])[] = [
    ['is the last defaults before a section', 'defaults\ntimeout server 1s\ndefaults\ntimeout server 7s\nBACK'],
    ['are the named defaults', 'defaults d\ntimeout server 7s\ndefaults\ntimeout server 1s\nBACK from d'],
    [
      'are the defaults of the defaults',
      'defaults d\ntimeout server 7s\ndefaults e from d\ntimeout connect 1s\nBACK from e',
    ],
    ['is what the section says itself', 'defaults\ntimeout server 1s\nBACK\ntimeout server 7s'],
    ['is the last line of several', 'BACK\ntimeout server 1s\ntimeout server 7s'],
  ];

  test.each(cases)('%s', (_, text) => {
    expect(timerOf(read(`${text.replace('BACK', 'backend app')}\nserver a 10.0.0.1:80`))).toBe(7);
  });

  test('an option may be taken back', () => {
    const text = 'defaults\noption http-no-delay\nbackend app\nno option http-no-delay\nserver a 10.0.0.1:80';

    expect(read(text).buffering?.value).toBe(true);
  });
});

describe('the backend', () => {
  const [right, wrong] = ['backend right\ntimeout server 7s', 'backend wrong\ntimeout server 1s'];
  const cases: readonly (readonly [what: string, frontend: string])[] = [
    ['of the path', 'use_backend right if { path /events }\ndefault_backend wrong'],
    ['of a prefix', 'use_backend wrong if { path_beg /api }\nuse_backend right if { path_beg /ev }'],
    ['of an expression', 'use_backend right if { path -m reg ^/e }\ndefault_backend wrong'],
    [
      'of a named condition',
      'acl sse path /events\nacl sse path /stream\nuse_backend right if sse\ndefault_backend wrong',
    ],
    ['of those that ask for event streams', 'use_backend right if { req.hdr(accept) -m sub text/event-stream }'],
    [
      'of both',
      'use_backend right if { path /events } { hdr_sub(accept) -i text/event-stream }\ndefault_backend wrong',
    ],
    ['of a path on some host', 'use_backend right if { hdr(host) -i a.b } { path /events }\ndefault_backend wrong'],
    ['of everything else', 'use_backend wrong if { path_beg /.well-known }\ndefault_backend right'],
    ['of everything but something', 'use_backend right if !{ path_beg /api }\ndefault_backend wrong'],
    ['unless something', 'use_backend wrong unless { path /events }\ndefault_backend right'],
    ['of one alternative', 'use_backend right if { path /a } or { path /events }\ndefault_backend wrong'],
    ['without a condition', 'use_backend right'],
    ['of a host, when nothing else is known', 'use_backend right if { hdr(host) a.b }'],
    [
      'behind an expression that only PCRE can read',
      'use_backend wrong if { path_reg (?i)^/ev }\ndefault_backend right',
    ],
  ];

  test.each(cases)('%s', (_, frontend) => {
    expect(timerOf(read(`frontend web\n${frontend}\n${wrong}\n${right}`))).toBe(7);
  });

  test('is a listen section itself', () => {
    expect(timerOf(read('listen web\nbind :80\ntimeout server 7s\nserver a 10.0.0.1:80'))).toBe(7);
  });

  test('may be that of another path, in another file', () => {
    const files = {
      'a.cfg': 'frontend web\nuse_backend right if { path /b }\ndefault_backend wrong',
      'b.cfg': `${right}\n${wrong}`,
    };

    expect(timerOf(readHaproxy(files, '/b'))).toBe(7);
  });

  test('is the first that serves, where there is no frontend', () => {
    expect(timerOf(read('backend none\nbackend app\ntimeout server 7s\nserver a 10.0.0.1:80'))).toBe(7);
  });
});

test.each([
  ['', '', true],
  ['option http-no-delay', '', false],
  ['', 'option http-no-delay', false],
  ['option http-no-delay\nhttp-response wait-for-body time 1s', '', true],
])('a backend with "%s" behind a frontend with "%s" holds bytes back: %s', (backend, frontend, holds) => {
  expect(served(backend, frontend).buffering?.value).toBe(holds);
});

test.each([
  ['compression algo gzip', true],
  ['compression algo gzip\ncompression type text/css', false],
  ['compression algo gzip\ncompression type text/css text/event-stream', true],
  ['compression algo gzip\nhttp-request del-header accept-encoding', false],
])('"%s" compresses streams: %s', (lines, compresses) => {
  expect(served(lines).compression?.value).toBe(compresses);
});

test.each([
  ['', '', false],
  ['log global', '', false],
  ['log global', 'option httplog', true],
  ['log global', `log-format '%ci "%r" %ST'`, true],
  ['log global', "log-format '%ci %HM %HU'", true],
  ['log global', "log-format '%{+Q}[url]'", true],
  ['log global', "log-format '%[req.hdr(authorization)]'", true],
  ['log global', "log-format '%ci %HM %HPO %ST %ts'", false],
  ['', 'option httplog', false],
])('a frontend with "%s" and "%s" has the query in its log: %s', (log, format, logs) => {
  expect(served('', `${log}\n${format}`).logsQuery?.value).toBe(logs);
});

test.each([
  ['cookie SID insert indirect maxlife 30m', { cookie: 'SID', seconds: 1800 }],
  ['cookie SID insert', { cookie: 'SID', seconds: Number.POSITIVE_INFINITY }],
  ['cookie SID', 'none'],
])('"%s" binds clients', (line, value) => {
  expect(served(line).stickiness?.value).toEqual(value);
});

test('limits, reloads and pools are read', () => {
  const hop = served('default-server pool-purge-delay 2s', 'maxconn 1000', 'maxconn 5000\nhard-stop-after 1m');

  expect(hop.streamLimit).toEqual({ value: 1000, setting: 'maxconn 1000', at: 'haproxy.cfg:5' });
  expect([hop.reloadWindow?.value, hop.poolIdle?.value]).toEqual([60, 20]);
  expect(served('http-reuse never')).not.toHaveProperty('poolIdle');
  expect(served('default-server pool-max-conn 0')).not.toHaveProperty('poolIdle');
  expect(served('http-request cache-use pages').caching?.value).toBe(true);
});

describe('refusals', () => {
  const whole = haproxyFiles(definePolicy());
  const without = (pattern: RegExp): Hop =>
    readHaproxy(Object.fromEntries(Object.entries(whole).map(([name, text]) => [name, text.replace(pattern, '')])));

  test('are soft in the shipped files', () => {
    expect(readHaproxy(whole).refusals).toMatchObject({
      value: 'soft',
      at: expect.stringMatching(/^sse-kit\.cfg:\d+$/),
    });
  });

  test.each([
    ['a status has no wording', /http-error status 504.*/],
    ['the status stays', /http-after-response set-status.*/],
    ["the service's own 503 passes", /http-response return.*/],
  ])('are fatal when %s', (_, pattern) => {
    expect(without(pattern).refusals?.value).toBe('fatal');
  });
});
