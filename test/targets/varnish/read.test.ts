import type { Hop } from '../../../lib/policy/index.ts';
import type { Files } from '../../../lib/targets/target.ts';
import { readVarnish } from '../../../lib/targets/varnish/read.ts';

/** The hop of some VCL in front of one backend, beside other files. */
const served = (vcl: string, others: Files = {}): Hop =>
  readVarnish({ 'default.vcl': `vcl 4.1;\nbackend app { .host = "app"; }\n${vcl}`, ...others });

const received = (body: string): string => `sub vcl_recv { ${body} }`;

test('a bare proxy counts with the defaults of Varnish', () => {
  expect(served('')).toEqual({
    target: 'varnish',
    idleTimers: [{ value: 60, setting: 'between_bytes_timeout=60 (default)' }],
    durationCaps: [{ value: 600, setting: 'send_timeout=600 (default)' }],
    buffering: { value: false, setting: 'set beresp.do_stream = true (default)' },
    compression: { value: false, setting: 'set beresp.do_gzip = false (default)' },
    caching: { value: true, setting: 'return (hash) (default)' },
    poolIdle: { value: 60, setting: 'backend_idle_timeout=60 (default)' },
    streamLimit: { value: 5000, setting: 'thread_pool_max=5000 (default)' },
    stickiness: { value: 'none', setting: 'no Set-Cookie in vcl_deliver (default)' },
    refusals: { value: 'fatal', setting: 'status 503 of vcl_backend_error (default)' },
    logsQuery: { value: false, setting: 'no varnishncsa (default)' },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'vcl.use: a stream keeps the VCL it began with' },
  });
});

describe('the way of a request', () => {
  /** Whether it is passed, which is what keeps streams apart. */
  const passes = (vcl: string): boolean => served(vcl).caching?.value === false;

  test.each([
    ['always', 'return (pass);', true],
    ['by its path', 'if (req.url == "/events") { return (pass); }', true],
    ['by the beginning of its path', 'if (req.url ~ "^/ev") { return (pass); }', true],
    ['not by another path', 'if (req.url ~ "^/api/") { return (pass); }', false],
    ['by what it accepts', 'if (req.http.accept ~ "event-stream") { return (pass); }', true],
    ['in any case', 'if (req.http.Accept ~ "(?i)EVENT-STREAM") { return (pass); }', true],
    ['without a cookie', 'if (!req.http.Cookie) { return (pass); }', true],
    ['not as an upgrade', 'if (req.http.Upgrade) { return (pass); }', false],
    ['by one alternative', 'if (req.url ~ "^/a" || req.url ~ "^/e") { return (pass); }', true],
    ['not by half of a condition', 'if (req.url ~ "^/e" && req.method != "GET") { return (pass); }', false],
    ['by parentheses', 'if (!(req.url ~ "^/a" || req.url ~ "^/b")) { return (pass); }', true],
    ['otherwise', 'if (req.url ~ "^/a") { return (hash); } else { return (pass); }', true],
    [
      'in one of many cases',
      'if (req.url ~ "^/a") { } elsif (req.url ~ "^/e") { return (pass); } else { return (hash); }',
      true,
    ],
    ['with a space in else if', 'if (req.url ~ "^/a") { } else if (req.url ~ "^/e") { return (pass); }', true],
    ['not behind what came first', 'return (hash); return (pass);', false],
    ['not on some host alone', 'if (req.http.Host == "a.example") { return (pass); }', false],
    ['by its path on some host', 'if (req.http.Host ~ "a") { if (req.url ~ "^/ev") { return (pass); } }', true],
    ['not otherwise than on some host', 'if (req.http.Host == "a") { } else { return (pass); }', false],
    [
      'by a mark that it was given',
      'if (req.url ~ "^/e") { set req.http.X-S = "1"; } if (req.http.x-s) { return (pass); }',
      true,
    ],
    [
      'not by a mark that was taken away',
      'set req.http.X = "1"; unset req.http.X; if (req.http.X) { return (pass); }',
      false,
    ],
    ['by a text put together', 'set req.http.X = "a" + "b"; if (req.http.X == "ab") { return (pass); }', true],
    ['by a number', 'if (req.restarts < 1) { return (pass); }', true],
    ['not by what only PCRE can read', 'if (req.url ~ "^(?>/ev)") { return (pass); }', false],
    ['not by what a module says', 'if (std.tolower(req.url) ~ "ev") { return (pass); }', false],
  ])('%s', (_, body, passed) => {
    expect(passes(received(body))).toBe(passed);
  });

  test('goes through all parts of a sub, in their order', () => {
    expect(passes(`${received('if (req.url ~ "^/a") { return (hash); }')}\n${received('return (pass);')}`)).toBe(true);
    expect(passes(`${received('return (hash);')}\n${received('return (pass);')}`)).toBe(false);
  });

  test('goes through subs that are called, and comes back', () => {
    expect(passes(`sub streams { return (pass); } ${received('call streams;')}`)).toBe(true);
    expect(passes(`sub nothing { return; } ${received('call nothing; return (pass);')}`)).toBe(true);
    expect(passes(`sub round { call round; } ${received('call round; return (pass);')}`)).toBe(true);
  });

  test('follows includes among the given files, where they stand', () => {
    const files = {
      'streams.vcl': 'sub vcl_recv {\n  if (req.url ~ "^/ev") {\n    return (pass);\n  }\n}',
      'default.vcl':
        'vcl 4.1;\nbackend app { .host = "app"; }\ninclude "/etc/varnish/streams.vcl";\nsub vcl_recv { return (hash); }',
    };

    expect(readVarnish(files).caching).toEqual({ value: false, setting: 'return ( pass )', at: 'streams.vcl:3' });
  });

  test('may be that of another path', () => {
    const vcl = { 'a.vcl': 'backend app { .host = "a"; }\nsub vcl_recv { if (req.url ~ "^/sse") { return (pass); } }' };

    expect([readVarnish(vcl, '/sse').caching?.value, readVarnish(vcl).caching?.value]).toEqual([false, true]);
  });

  test('ends in an answer that is not kept', () => {
    expect(passes('sub vcl_backend_response { set beresp.uncacheable = true; return (deliver); }')).toBe(true);
    expect(passes('sub vcl_backend_response { if (bereq.url ~ "^/a") { set beresp.uncacheable = true; } }')).toBe(
      false,
    );
  });
});

describe('the idle timer', () => {
  const idle = (vcl: string, others: Files = {}): unknown => served(vcl, others).idleTimers?.[0];
  const two =
    'backend b { .host = "b"; .between_bytes_timeout = 2m; }\nbackend c { .host = "c"; .between_bytes_timeout = 90s; }';

  test.each([
    ['of the default backend', 'backend default { .between_bytes_timeout = 90s; }', 90, 'default.vcl:3'],
    ['of the backend that is chosen', `${two}\n${received('set req.backend_hint = b;')}`, 120, 'default.vcl:3'],
    [
      'of the director, at its shortest',
      `${two}\nsub vcl_init { new d = directors.random(); d.add_backend(b, 1); d.add_backend(c, 1); }\n${received('set req.backend_hint = d.backend();')}`,
      90,
      'default.vcl:4',
    ],
    [
      'of a director of directors',
      `${two}\nsub vcl_init { new d = directors.fallback(); new e = directors.random(); e.add_backend(c); d.add_backend(e.backend()); d.add_backend(e); }\nsub vcl_backend_fetch { set bereq.backend = d.backend(); }`,
      90,
      'default.vcl:4',
    ],
    [
      'of the request itself',
      `${two}\nsub vcl_backend_fetch { set bereq.between_bytes_timeout = 1.5h; }`,
      5400,
      'default.vcl:5',
    ],
  ])('%s', (_, vcl, value, at) => {
    expect(idle(vcl)).toMatchObject({ value, at });
  });

  test.each([
    ['ExecStart=/usr/sbin/varnishd -F \\\n  -p between_bytes_timeout=500ms', 0.5, 'varnish.service:2'],
    ['DAEMON_OPTS="-a :80 -pbetween_bytes_timeout=90"', 90, 'varnish.service:1'],
    ['# -p between_bytes_timeout=1\n', 60, undefined],
  ])('of all backends in %j', (unit, value, at) => {
    expect(idle('', { 'varnish.service': unit })).toMatchObject({ value, ...(at && { at }) });
  });

  test('of a drop-in comes after that of its unit, however they are given', () => {
    const files = {
      'sse-kit.conf': 'ExecStart=\nExecStart=/usr/sbin/varnishd -p between_bytes_timeout=90',
      'varnish.service': 'ExecStart=/usr/sbin/varnishd -p between_bytes_timeout=7',
    };

    expect(idle('', files)).toMatchObject({ value: 90, at: 'sse-kit.conf:2' });
  });

  test('of a pipe is another, and so is its end', () => {
    const hop = served(received('return (pipe);'), {
      'a.service': 'varnishd -p pipe_timeout=90 -p pipe_task_deadline=1h',
    });

    expect(hop.idleTimers).toEqual([{ value: 90, setting: '-p pipe_timeout=90', at: 'a.service:1' }]);
    expect(hop.durationCaps).toEqual([{ value: 3600, setting: '-p pipe_task_deadline=1h', at: 'a.service:1' }]);
    expect(served(received('return (pipe);')).durationCaps?.[0]?.value).toBe(Number.POSITIVE_INFINITY);
  });
});

test.each([
  ['set beresp.do_gzip = true;', true, false],
  ['if (beresp.http.content-type ~ "text") { set beresp.do_gzip = true; }', true, false],
  ['if (beresp.http.content-type ~ "^text/(css|html)") { set beresp.do_gzip = true; }', false, false],
  ['set beresp.do_gzip = true; set beresp.do_gzip = false;', false, false],
  ['set beresp.do_stream = false;', false, true],
  ['if (beresp.status != 200) { set beresp.do_stream = false; }', false, false],
])('%j compresses streams: %s, and holds them back: %s', (body, compresses, buffers) => {
  const hop = served(`sub vcl_backend_response { ${body} }`);

  expect([hop.compression?.value, hop.buffering?.value]).toEqual([compresses, buffers]);
});

test('threads are the limit of streams: two for each, and three where HTTP/2 is spoken', () => {
  const units = { 'a.service': 'varnishd -p thread_pools=4 -p thread_pool_max=1000' };
  const http2 = { 'a.service': 'varnishd -p feature=+http2 -p thread_pool_max=1500 -p h2_max_concurrent_streams=50' };

  expect(served('', units).streamLimit).toEqual({
    value: 2000,
    setting: '-p thread_pool_max=1000',
    at: 'a.service:1',
  });
  expect(served('', units)).not.toHaveProperty('streamsPerConnection');
  expect([served('', http2).streamLimit?.value, served('', http2).streamsPerConnection?.value]).toEqual([1000, 50]);
});

test.each([
  ['varnishncsa -w a.log', true],
  ["varnishncsa -F '%%h %%m %%U %%s'", false],
  ["varnishncsa -F '%h %U%q'", true],
  [`varnishncsa -F "%h %U %{Referer}i"`, true],
  ["varnishncsa -F '%{VSL:ReqURL}x'", true],
  ['# varnishncsa -w a.log', false],
])('%j has the query in its log: %s', (unit, logs) => {
  expect(
    served('', { 'varnishncsa.service': `ExecStart=/usr/bin/${unit}`.replace(/.*# /, '# ') }).logsQuery?.value,
  ).toBe(logs);
});

describe('stickiness', () => {
  const bound = (cookie: string, recv = 'if (req.http.Cookie ~ "SID=") { set req.http.X = "1"; }'): unknown =>
    served(`${received(recv)}\nsub vcl_deliver { if (!req.http.Cookie) { set resp.http.Set-Cookie = ${cookie}; } }`)
      .stickiness?.value;

  test('is a cookie that the VCL sets and asks for', () => {
    expect(bound('"SID=" + server.identity + "; Max-Age=1800"')).toEqual({ cookie: 'SID', seconds: 1800 });
    expect(bound('"SID=a"')).toEqual({ cookie: 'SID', seconds: Number.POSITIVE_INFINITY });
  });

  test('is not a cookie that nobody asks for', () => {
    expect(bound('"SID=a"', '')).toBe('none');
  });
});

describe('refusals', () => {
  const refusals = (vcl: string): unknown => served(vcl).refusals?.value;
  const backend = (status: number, type: string, body: string): string =>
    `sub vcl_backend_error { set beresp.status = ${status}; set beresp.http.Content-Type = "${type}"; synthetic(${body}); return (deliver); }`;
  const synth =
    'sub vcl_synth { if (resp.status == 503) { set resp.status = 200; set resp.http.Content-Type = "text/event-stream; charset=utf-8"; set resp.body = "retry: 3000" + {"\n\n"}; return (deliver); } }';
  const promise = 'sub vcl_backend_fetch { set bereq.http.X-SSE-Proxy-Soft-Fails = "1"; }';

  test.each([
    ['a stream with retry:', backend(200, 'text/event-stream', '"retry: 1"'), 'soft'],
    ['another status', backend(503, 'text/event-stream', '"retry: 1"'), 'fatal'],
    ['another type', backend(200, 'text/html', '"retry: 1"'), 'fatal'],
    ['nothing to come back by', backend(200, 'text/event-stream', '"sorry"'), 'fatal'],
    ['words of vcl_synth', `sub vcl_backend_error { return (abandon); } ${synth}`, 'soft'],
    ['words that are not come to', synth, 'fatal'],
    [
      'words after all attempts',
      `sub vcl_backend_error { if (bereq.retries < 3) { return (retry); } return (abandon); } ${synth}`,
      'soft',
    ],
    [
      'words for another path',
      `sub vcl_backend_error { if (bereq.url ~ "^/a") { return (abandon); } } ${synth}`,
      'fatal',
    ],
  ])('with %s are %3$s', (_, vcl, value) => {
    expect(refusals(vcl)).toBe(value);
  });

  test('of a service that was promised better are reworded, or fatal', () => {
    const words = `${promise} ${backend(200, 'text/event-stream', '"retry: 1"')}`;
    const reworded = (end: string): string =>
      `${words} sub vcl_backend_response { if (beresp.status == 503) { ${end} } }`;

    expect(refusals(words)).toBe('fatal');
    expect(refusals(reworded('return (error(503));'))).toBe('soft');
    expect(refusals(reworded('return (retry);'))).toBe('soft');
    expect(refusals(reworded('return (abandon);'))).toBe('fatal');
    expect(refusals(`${reworded('return (abandon);')} ${synth}`)).toBe('soft');
  });
});
