import type { Hop } from '../../../lib/policy/index.ts';
import { readCaddy } from '../../../lib/targets/caddy/read.ts';

/** The hop of a site's body, in a whole Caddyfile. */
const served = (site: string, global = ''): Hop =>
  readCaddy({ Caddyfile: `{\n${global}\n}\nsse.example.com {\n${site}\n}` });

/** The same for what stands inside its proxy. */
const proxied = (proxy: string): Hop => served(`reverse_proxy app:80 {\n${proxy}\n}`);

test('a bare proxy counts with the defaults of Caddy', () => {
  expect(served('reverse_proxy app:80')).toEqual({
    target: 'caddy',
    idleTimers: [{ value: Number.POSITIVE_INFINITY, setting: 'read_timeout none (default)' }],
    durationCaps: [{ value: Number.POSITIVE_INFINITY, setting: 'timeouts write 0 (default)' }],
    buffering: { value: false, setting: 'response_buffers 0 (default)' },
    compression: { value: false, setting: 'encode none (default)' },
    caching: { value: false, setting: 'cache none (default)' },
    poolIdle: { value: 120, setting: 'keepalive 2m (default)' },
    streamsPerConnection: { value: 250, setting: '250 streams on an HTTP/2 connection (fixed)' },
    stickiness: { value: 'none', setting: 'lb_policy random (default)' },
    refusals: { value: 'fatal', setting: 'no handle_errors for 502 503 504 (default)' },
    logsQuery: { value: false, setting: 'log none (default)' },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'grace_period none (default)' },
  });
});

test('a directive is reported as it is written, with file and line', () => {
  const hop = readCaddy({
    'sites/app.caddy': 'example.com\nreverse_proxy app {\n\ttransport http {\n\t\tread_timeout  1h30m\n\t}\n}',
  });

  expect(hop.idleTimers).toEqual([{ value: 5400, setting: 'read_timeout 1h30m', at: 'sites/app.caddy:4' }]);
});

test.each([
  ['servers {\ntimeouts {\nwrite 30s\n}\n}', 30],
  ['servers :443 {\ntimeouts {\nwrite 1d\n}\n}', 86_400],
  ['servers {\ntimeouts {\nread_header 5s\n}\n}', Number.POSITIVE_INFINITY],
])('%j caps streams at %d s', (global, seconds) => {
  expect(served('reverse_proxy app', global).durationCaps?.[0]?.value).toBe(seconds);
});

describe('the route is chosen as Caddy chooses it', () => {
  const poolOf = (site: string): number | undefined => served(site).poolIdle?.value;
  const proxy = (seconds: number): string => `reverse_proxy app {\ntransport http {\nkeepalive ${seconds}s\n}\n}`;

  test.each<readonly [what: string, site: string, seconds: number]>([
    ['a matcher on the proxy', `reverse_proxy /api/* other\n${proxy(7)}`, 7],
    ['a handle with a path', `handle /events* {\n${proxy(7)}\n}\n${proxy(8)}`, 7],
    ['the longer path first', `handle /* {\n${proxy(8)}\n}\nhandle /events {\n${proxy(7)}\n}`, 7],
    ['a handle for the rest', `handle /api/* {\n${proxy(8)}\n}\nhandle {\n${proxy(7)}\n}`, 7],
    ['a named matcher', `@s path /stream /events\nhandle @s {\n${proxy(7)}\n}\n${proxy(8)}`, 7],
    ['a block of conditions', `@s {\npath /x\npath /events\nmethod GET\n}\nhandle @s {\n${proxy(7)}\n}`, 7],
    ['a negation', `@s not path /events\nhandle @s {\n${proxy(8)}\n}\nhandle {\n${proxy(7)}\n}`, 7],
    ['an expression on the path', `@s path_regexp ^/ev\nhandle @s {\n${proxy(7)}\n}\n${proxy(8)}`, 7],
    ['another method', `@s method POST\nhandle @s {\n${proxy(8)}\n}\n${proxy(7)}`, 7],
    ['routes in routes', `route {\nhandle_path /events {\n${proxy(7)}\n}\n}\n${proxy(8)}`, 7],
  ])('%s', (_, site, seconds) => {
    expect(poolOf(site)).toBe(seconds);
  });

  test('the site that proxies the path, of several', () => {
    const hop = readCaddy({
      Caddyfile: `a.example {\nredir https://b.example{uri}\n}\nb.example {\n${proxy(7)}\n}`,
    });
    expect(hop.poolIdle?.value).toBe(7);
  });
});

describe('imports', () => {
  test('of snippets, with their arguments', () => {
    const hop = readCaddy({
      Caddyfile:
        '(up) {\ntransport http {\nkeepalive {args[0]}\n}\n}\na.example {\nreverse_proxy app {\nimport up 7s\n}\n}',
    });
    expect(hop.poolIdle).toEqual({ value: 7, setting: 'keepalive 7s', at: 'Caddyfile:3' });
  });

  test('of files by mask, that do not lead back', () => {
    const hop = readCaddy({
      Caddyfile: 'import sites/*\nimport *',
      'sites/a.caddy': 'a.example {\nreverse_proxy app {\nlb_policy cookie\n}\n}',
    });
    expect(hop.stickiness).toEqual({
      value: { cookie: 'lb', seconds: Number.POSITIVE_INFINITY },
      setting: 'lb_policy cookie',
      at: 'sites/a.caddy:3',
    });
  });

  test('of a snippet nobody uses yet: it is read as the body of a site', () => {
    expect(
      readCaddy({ Caddyfile: '(x) {\nreverse_proxy app {\ntransport http {\nkeepalive 7s\n}\n}\n}' }).poolIdle?.value,
    ).toBe(7);
  });
});

describe('compression', () => {
  test.each([
    ['encode gzip', true],
    ['encode zstd gzip', true],
    ['encode gzip {\nmatch {\nheader Content-Type text/html*\nheader Content-Type application/json*\n}\n}', false],
    ['encode {\ngzip\nmatch {\nheader Content-Type text/*\n}\n}', true],
    ['encode /assets/* gzip', false],
    ['@page not path /events\nencode @page gzip', false],
    ['request_header -Accept-Encoding\nencode gzip', false],
    ['request_header /other -Accept-Encoding\nencode gzip', true],
  ])('%j compresses streams: %s', (site, compresses) => {
    expect(served(`${site}\nreverse_proxy app`).compression?.value).toBe(compresses);
  });
});

describe('the access log', () => {
  const filter = (fields: string): string => `log {\nformat filter {\nwrap json\nfields {\n${fields}\n}\n}\n}`;
  const referer = 'request>headers>Referer delete';

  test.each([
    ['log', true],
    ['log {\nformat console\n}', true],
    ['log {\noutput discard\n}', false],
    [filter(`request>uri delete\n${referer}`), false],
    [filter('request>uri delete\nrequest>headers delete'), false],
    [filter(`request>uri query {\ndelete token\nreplace ticket X\n}\n${referer}`), false],
    [filter(`request>uri query {\ndelete token\n}\n${referer}`), true],
    [filter(`request>uri regexp secret X\n${referer}`), true],
    [filter('request>uri delete'), true],
    [`log {\nformat filter {\nrequest>uri delete\n${referer}\n}\n}`, false],
    [`${filter(`request>uri delete\n${referer}`)}\nlog`, true],
  ])('%j has the query: %s', (site, logs) => {
    expect(served(`${site}\nreverse_proxy app`).logsQuery?.value).toBe(logs);
  });
});

describe('refusals', () => {
  const soft = 'respond "retry: 3000\n\n" 200';
  const promise = 'header_up X-SSE-Proxy-Soft-Fails 1';
  const made = '@d status 5xx\nhandle_response @d {\nerror 503\n}';

  test.each<readonly [errors: string, proxy: string, refusals: 'soft' | 'fatal']>([
    [`handle_errors {\n${soft}\n}`, '', 'soft'],
    [`handle_errors 502 503 504 {\n${soft}\n}`, '', 'soft'],
    [`handle_errors 5xx {\n${soft}\n}`, '', 'soft'],
    [`handle_errors 502 {\n${soft}\n}`, '', 'fatal'],
    [`handle_errors {\n@e expression {err.status_code} >= 500\nhandle @e {\n${soft}\n}\n}`, '', 'soft'],
    [
      `handle_errors {\n@e \`{err.status_code} == 502 || {err.status_code} == 503\`\nrespond @e "x" 200\n}`,
      '',
      'fatal',
    ],
    [
      `handle_errors {\n@e expression {err.status_code} == 404\n${soft.replace('respond', 'respond @e')}\n}`,
      '',
      'fatal',
    ],
    ['handle_errors {\nrespond "retry: 1" 503\n}', '', 'fatal'],
    ['handle_errors {\nrespond "sorry" 200\n}', '', 'fatal'],
    [`handle_errors {\n${soft}\n}`, `${promise}\n${made}`, 'soft'],
    // a service that was promised soft refusals answers 503, and nobody turns it into anything else
    [`handle_errors {\n${soft}\n}`, promise, 'fatal'],
    [`handle_errors {\n${soft}\n}`, `${promise}\n@d status 404\nhandle_response @d {\nerror 503\n}`, 'fatal'],
  ])('of %j with %j are %s', (errors, proxy, refusals) => {
    expect(served(`${errors}\nreverse_proxy app {\n${proxy}\n}`).refusals?.value).toBe(refusals);
  });
});

test('the upstream: buffers, pool and cookie', () => {
  expect(proxied('response_buffers 1MB').buffering?.value).toBe(true);
  expect(proxied('buffer_responses').buffering?.value).toBe(true);
  expect(proxied('transport http {\nkeepalive off\n}')).not.toHaveProperty('poolIdle');
  expect(proxied('lb_policy cookie SID {\nmax_age 30m\n}').stickiness?.value).toEqual({ cookie: 'SID', seconds: 1800 });
});
