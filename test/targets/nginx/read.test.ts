import type { Hop } from '../../../lib/policy/index.ts';
import { readNginx } from '../../../lib/targets/nginx/read.ts';

/** The hop of a server's body, in a whole configuration of one file. */
const served = (server: string, http = ''): Hop =>
  readNginx({ 'nginx.conf': `events {}\nhttp { ${http} server { ${server} } }` });

test('a bare proxy counts with the defaults of nginx', () => {
  const hop = served('location / { proxy_pass http://app; }');

  expect(hop).toEqual({
    target: 'nginx',
    idleTimers: [{ value: 60, setting: 'proxy_read_timeout 60s (default)' }],
    buffering: { value: true, setting: 'proxy_buffering on (default)' },
    compression: { value: false, setting: 'gzip off (default)' },
    caching: { value: false, setting: 'proxy_cache off (default)' },
    streamsPerConnection: { value: 128, setting: 'http2_max_concurrent_streams 128 (default)' },
    stickiness: { value: 'none', setting: 'sticky unset (default)' },
    refusals: { value: 'fatal', setting: 'no error_page for 502 503 504 (default)' },
    logsQuery: { value: true, setting: 'access_log combined (default)' },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'worker_shutdown_timeout unset (default)' },
    streamLimit: { value: 256, setting: 'worker_connections 512 (default)' },
  });
});

test('a directive is reported as it is written, with file and line', () => {
  const hop = readNginx({ 'sites/app.conf': 'location /events {\n  proxy_read_timeout  1h;\n}' });

  expect(hop.idleTimers).toEqual([{ value: 3600, setting: 'proxy_read_timeout 1h', at: 'sites/app.conf:2' }]);
});

describe('compression', () => {
  test.each([
    ['gzip on;', false],
    ['gzip on; gzip_types text/css application/json;', false],
    ['gzip on; gzip_types text/css text/event-stream;', true],
    ['gzip on; gzip_types *;', true],
    ['gzip off; gzip_types *;', false],
  ])('%s compresses streams: %s', (directives, compresses) => {
    expect(served(`location / { ${directives} }`).compression?.value).toBe(compresses);
  });
});

describe('the access log', () => {
  const formats = `log_format quiet '$remote_addr "$request_method $uri" $status';
    log_format loud '$remote_addr "$request"';
    log_format braces '$uri?\${args}';
    log_format arg escape=json '{ "token": "$arg_token" }';
    log_format referer '$http_referer';`;

  test.each([
    ['', true],
    ['access_log a.log;', true],
    ['access_log a.log combined;', true],
    ['access_log a.log quiet;', false],
    ['access_log a.log quiet buffer=32k;', false],
    ['access_log a.log loud;', true],
    ['access_log a.log braces;', true],
    ['access_log a.log arg;', true],
    ['access_log a.log referer;', true],
    ['access_log off;', false],
    ['access_log a.log quiet; access_log b.log loud;', true],
  ])('"%s" has the query: %s', (directive, logs) => {
    expect(served(`location / { ${directive} }`, formats).logsQuery?.value).toBe(logs);
  });

  test('the leaking one of several is pointed at', () => {
    const hop = served('location / { access_log a.log quiet; access_log b.log loud; }', formats);

    expect(hop.logsQuery?.setting).toBe('access_log b.log loud');
  });
});

describe('refusals', () => {
  const soft = 'location @soft { return 200 "retry: 3000\\n\\n"; }';
  const all = 'error_page 502 503 504 = @soft;';
  const promise = 'proxy_set_header X-SSE-Proxy-Soft-Fails 1;';
  const cases: readonly (readonly [server: string, refusals: 'soft' | 'fatal'])[] = [
    [`location / { ${all} } ${soft}`, 'soft'],
    [`${all} location / { gzip off; } ${soft}`, 'soft'],
    [`location / { error_page 404 /404.html; ${all} } ${soft}`, 'soft'],
    [`location / { error_page 502 = @soft; error_page 503 504 =200 @soft; } ${soft}`, 'soft'],
    [`location / { error_page 502 503 504 = /soft; } location = /soft { return 200 "retry: 1\\n\\n"; }`, 'soft'],
    [`location / { ${all} proxy_intercept_errors on; ${promise} } ${soft}`, 'soft'],
    // a service that was promised soft refusals answers 503, and nobody turns it into anything else
    [`location / { ${all} ${promise} } ${soft}`, 'fatal'],
    [`location / { ${all} }`, 'fatal'],
    [`location / { error_page 502 503 504 @soft; } ${soft}`, 'fatal'],
    [`location / { error_page 502 503 504 = /50x.html; } location = /50x.html { root /srv; }`, 'fatal'],
    [`location / { error_page 502 504 = @soft; } ${soft}`, 'fatal'],
    [`location / { error_page 502 = @soft; error_page 503 504 /50x.html; } ${soft}`, 'fatal'],
    [`location / { ${all} } location @soft { return 503; }`, 'fatal'],
    [`location / { ${all} } location @soft { return 200 "sorry"; }`, 'fatal'],
  ];

  test.each(cases)('of "%s" are %s', (server, refusals) => {
    expect(served(server).refusals?.value).toBe(refusals);
  });
});

describe('the upstream', () => {
  const hopOf = (upstream: string): Hop =>
    served('location / { proxy_pass http://app/; }', `upstream app { ${upstream} } upstream other { keepalive 1; }`);

  test('without keepalive keeps no idle connections', () => {
    expect(hopOf('server a;')).not.toHaveProperty('poolIdle');
  });

  test('with keepalive keeps them for a minute, unless it says otherwise', () => {
    expect(hopOf('keepalive 8;').poolIdle?.value).toBe(60);
    expect(hopOf('keepalive 8; keepalive_timeout 2m;').poolIdle?.value).toBe(120);
  });

  test('binds clients by its cookie, for a browser session when it has no end', () => {
    expect(hopOf('sticky cookie SID expires=1h path=/;').stickiness?.value).toEqual({ cookie: 'SID', seconds: 3600 });
    expect(hopOf('sticky cookie SID;').stickiness?.value).toEqual({ cookie: 'SID', seconds: Number.POSITIVE_INFINITY });
    expect(hopOf('sticky learn create=$a lookup=$b;').stickiness?.value).toBe('none');
  });
});

test.each([
  ['worker_connections 1000;', '', 500],
  ['worker_connections 1000;', 'worker_rlimit_nofile 600;', 300],
  ['', 'worker_rlimit_nofile 100;', 50],
])('events { %s } with "%s" carries %d streams', (events, main, streams) => {
  const hop = readNginx({ 'nginx.conf': `${main} events { ${events} } http { server { location / { } } }` });

  expect(hop.streamLimit?.value).toBe(streams);
});

test.each([
  ['proxy_cache site;', true],
  ['proxy_cache off;', false],
])('%s caches: %s', (directive, caches) => {
  expect(served(`location / { ${directive} }`).caching?.value).toBe(caches);
});
