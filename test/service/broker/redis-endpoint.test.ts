import { readRedisUrl } from '../../../service/broker/redis-endpoint.ts';

const single = { kind: 'single', tls: false, primary: '', database: 0, username: undefined, password: undefined };

test.each([
  ['redis://store', { ...single, nodes: [{ host: 'store', port: 6379 }] }],
  ['redis://store:6380/', { ...single, nodes: [{ host: 'store', port: 6380 }] }],
  ['rediss://[::1]:6380/3', { ...single, tls: true, nodes: [{ host: '::1', port: 6380 }], database: 3 }],
  [
    'redis://me:p%40ss%2F%3A@store',
    { ...single, nodes: [{ host: 'store', port: 6379 }], username: 'me', password: 'p@ss/:' },
  ],
  ['redis://:secret@store', { ...single, nodes: [{ host: 'store', port: 6379 }], password: 'secret' }],
  [
    'redis+sentinel://one,two:26380/mymaster',
    {
      ...single,
      kind: 'sentinel',
      nodes: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 26_380 },
      ],
      primary: 'mymaster',
    },
  ],
  [
    'rediss+cluster://clustercfg.store.example:6379',
    { ...single, kind: 'cluster', tls: true, nodes: [{ host: 'clustercfg.store.example', port: 6379 }] },
  ],
])('%s is read', (url, endpoint) => {
  expect(readRedisUrl(url)).toEqual(endpoint);
});

test.each([
  ['http://store', 'begins with redis:// or rediss://'],
  ['redis://store?family=6', 'has no query'],
  ['redis://', 'names its hosts'],
  ['redis://store/cache', 'have nothing behind the host but a database'],
  ['redis://one,two', 'name one host'],
  ['redis://store:0', 'with a port from 1 to 65535'],
  ['redis://store:99999', 'with a port from 1 to 65535'],
  ['redis://one two', 'name each host as name:port'],
  ['redis://%zz@store', 'percent-encoded'],
  ['redis+sentinel://one', 'name the primary behind the sentinels'],
  ['redis+sentinel://one,,two/mymaster', 'name each host as name:port'],
  ['redis+cluster://one/1', 'a cluster has one database'],
])('%s is refused: it must %s', (url, must) => {
  expect(readRedisUrl(url)).toEqual({ must: expect.stringContaining(must) });
});
