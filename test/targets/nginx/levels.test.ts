import type { Hop } from '../../../lib/policy/index.ts';
import { readNginx } from '../../../lib/targets/nginx/read.ts';

/** The hop of a server's body, in a whole configuration of one file. */
const served = (server: string, http = ''): Hop =>
  readNginx({ 'nginx.conf': `events {}\nhttp { ${http} server { ${server} } }` });

/** The idle timer's number stands for "these are the levels that count". */
const timerOf = (hop: Hop): unknown => hop.idleTimers?.[0]?.value;

const timeout = (seconds: number): string => `proxy_pass http://x; proxy_read_timeout ${seconds}s;`;

describe('time', () => {
  test.each([
    ['90', 90],
    ['90s', 90],
    ['1m', 60],
    ['1h30m', 5400],
    ['"1h 30m"', 5400],
    ['1500ms', 1.5],
    ['1d', 86_400],
    ['1w', 604_800],
    ['1M', 2_592_000],
    ['1y', 31_536_000],
    ['0', 0],
  ])('%s is %d seconds', (text, seconds) => {
    expect(timerOf(served(`location / { proxy_read_timeout ${text}; }`))).toBe(seconds);
  });
});

describe('the location', () => {
  const cases: readonly (readonly [what: string, server: string])[] = [
    ['exact beats everything', `location ~ events { ${timeout(1)} } location = /events { ${timeout(7)} }`],
    ['a regex beats a longer prefix', `location /events { ${timeout(1)} } location ~ ^/ev { ${timeout(7)} }`],
    ['the first regex beats later ones', `location ~ ^/e { ${timeout(7)} } location ~ ^/events { ${timeout(1)} }`],
    ['~* does not care about case', `location ~ EVENTS { ${timeout(1)} } location ~* EVENTS { ${timeout(7)} }`],
    ['^~ keeps regexes away', `location ~ events { ${timeout(1)} } location ^~ /ev { ${timeout(7)} }`],
    [
      'the longest prefix wins',
      `location / { ${timeout(1)} } location /ev { ${timeout(7)} } location /e { ${timeout(1)} }`,
    ],
    ['a longer prefix beats a shorter ^~', `location ^~ /e { ${timeout(1)} } location /events { ${timeout(7)} }`],
    ['one that does not match is no candidate', `location = /event { ${timeout(1)} } location / { ${timeout(7)} }`],
    ['a named one is no candidate', `location @events { ${timeout(1)} } location / { ${timeout(7)} }`],
    ['an inner one decides', `location /ev { ${timeout(1)} location /events { ${timeout(7)} } }`],
    ['an inner one that does not match is passed over', `location /e { ${timeout(7)} location /x { ${timeout(1)} } }`],
    ['an inner one inherits', `location /e { ${timeout(7)} location /events { gzip off; } }`],
    [
      'a regex that only PCRE can read is passed over',
      `location ~ (?i)^/ev { ${timeout(1)} } location / { ${timeout(7)} }`,
    ],
  ];

  test.each(cases)('%s', (_, server) => {
    expect(timerOf(served(server))).toBe(7);
  });

  test('may be that of another path', () => {
    const files = { 'a.conf': `location /a { ${timeout(1)} } location /b { ${timeout(7)} }` };

    expect(timerOf(readNginx(files, '/b/events'))).toBe(7);
  });
});

describe('levels', () => {
  test('server and http count where the location says nothing', () => {
    const hop = served('proxy_buffering off; location / { gzip on; }', 'proxy_read_timeout 7s; gzip_types *;');

    expect([timerOf(hop), hop.buffering?.value, hop.compression?.value]).toEqual([7, false, true]);
  });

  test('the innermost level counts', () => {
    const hop = served(`proxy_read_timeout 2s; location / { ${timeout(7)} }`, 'proxy_read_timeout 1s;');

    expect(timerOf(hop)).toBe(7);
  });

  test('a server that only redirects is passed over for the one that proxies', () => {
    const servers = `server { location / { return 301 https://$host$request_uri; } } server { location / { ${timeout(7)} } }`;

    expect(timerOf(readNginx({ 'nginx.conf': `http { ${servers} }` }))).toBe(7);
  });

  test('http alone counts where no location matches', () => {
    expect(timerOf(served('location /other { proxy_read_timeout 1s; }', 'proxy_read_timeout 7s;'))).toBe(7);
  });

  test('parts without an http block stand side by side', () => {
    const hop = readNginx({
      'upstream.conf': 'upstream app { keepalive 8; keepalive_timeout 30s; }',
      'location.conf': 'location /events { proxy_pass http://app; }',
    });

    expect(hop.poolIdle).toEqual({ value: 30, setting: 'keepalive_timeout 30s', at: 'upstream.conf:1' });
    expect(hop).not.toHaveProperty('streamLimit');
  });
});

describe('includes', () => {
  const location = `location / { ${timeout(7)} }`;

  test.each(['sites/app.conf', '/etc/nginx/sites/app.conf', 'sites/*.conf', 'sites/a?p.conf'])(
    '%s is followed',
    (mask) => {
      const main = `http {\n server { include ${mask}; } }`;

      expect(timerOf(readNginx({ 'nginx.conf': main, 'app.conf': location }))).toBe(7);
    },
  );

  test('they may include in turn, but not themselves', () => {
    const files = {
      'nginx.conf': 'http { include *.conf; }',
      'server.conf': 'server { include location.conf; }',
      'location.conf': location,
    };

    expect(timerOf(readNginx(files))).toBe(7);
  });

  test('a file that is not at hand is passed over', () => {
    expect(timerOf(readNginx({ 'nginx.conf': `http { include mime.types; server { ${location} } }` }))).toBe(7);
  });

  test('a dot in a name stands for a dot', () => {
    const files = { 'nginx.conf': 'http { include a.conf; proxy_read_timeout 7s; }', axconf: 'proxy_read_timeout 1s;' };

    expect(timerOf(readNginx(files))).toBe(7);
  });
});
