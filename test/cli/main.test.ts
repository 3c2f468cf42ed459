import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { edges } from '../../lib/targets/index.ts';
import { Bench } from './run.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.remove());

const commands = ['check', 'render all --out out', 'targets'];

/** Configurations that must be refused, and all that has to be said about each. */
const faulty: readonly (readonly [what: string, config: object, messages: readonly string[]])[] = [
  [
    'heartbeats too slow for the idle timers',
    { policy: { heartbeatSeconds: 30, idleSeconds: 60 } },
    [
      'policy.idleSeconds (60) must be at least missedHeartbeats (3) × heartbeatSeconds (30) + 5 s; raise idleSeconds to 95 or lower heartbeatSeconds to 18 [heartbeat-outpaces-idle]',
    ],
  ],
  [
    'a drain that ECS would kill',
    { policy: { drainSeconds: 300 }, kubernetes: { enabled: false } },
    [
      "policy.drainSeconds (300) + 10 s must be at most 120, Fargate's stopTimeout limit; lower drainSeconds to 110 [ecs-stop-timeout]",
    ],
  ],
  [
    'a negative number',
    { policy: { heartbeatSeconds: -10 } },
    ['policy.heartbeatSeconds (-10) must be a whole number of seconds from 1 to 3600 [policy-field]'],
  ],
  [
    'an unknown key',
    { policy: { heartbeats: 10 } },
    ['policy.heartbeats (10) is not a policy field; did you mean heartbeatSeconds [policy-field]'],
  ],
  [
    'three faults at once',
    { policy: { heartbeatSeconds: 30, maxStreams: 0 }, kubernetes: { edge: 'f5' } },
    [
      `kubernetes.edge ("f5") must be one of ${Object.keys(edges)
        .map((edge) => `"${edge}"`)
        .join(', ')} [config]`,
      'policy.maxStreams (0) must be a whole number of streams from 1 to 1000000 [policy-field]',
      'policy.idleSeconds (60) must be at least missedHeartbeats (3) × heartbeatSeconds (30) + 5 s; raise idleSeconds to 95 or lower heartbeatSeconds to 18 [heartbeat-outpaces-idle]',
    ],
  ],
];

describe.each(commands)('fails: %s', (command) => {
  const argv = command.split(' ');

  test.each(faulty)('with %s, one line for each fault, and nothing is written', async (_, config, messages) => {
    bench.configure(config);
    mkdirSync(join(bench.folder, 'out'));

    const { status, out, err } = await bench.run(...argv);

    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err.trimEnd().split('\n')).toEqual([
      `${join(bench.folder, 'sse-kit.config.json')} does not hold:`,
      ...messages.map((message) => `  ${message}`),
    ]);
    expect(readdirSync(join(bench.folder, 'out'))).toEqual([]);
  });

  test('with --json, and prints the faults as data', async () => {
    bench.configure({ policy: { drainSeconds: 300 }, kubernetes: { enabled: false } });

    const { status, out, err } = await bench.run(...argv, '--json');

    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual({
      faults: [
        {
          rule: 'ecs-stop-timeout',
          fields: ['policy.drainSeconds'],
          message: expect.stringContaining('policy.drainSeconds (300)'),
        },
      ],
    });
    expect(err).toContain('[ecs-stop-timeout]');
  });
});

test('the configuration may be named, before the command or behind it', async () => {
  writeFileSync(join(bench.folder, 'other.json'), '{ "policy": { "idleSeconds": 90 } }');

  for (const argv of [
    ['--config', 'other.json', 'render', 'nginx'],
    ['render', 'nginx', '--config', 'other.json'],
  ])
    expect((await bench.run(...argv)).out).toContain('proxy_read_timeout 90s;');
});

test('fails on a named configuration that is not there', async () => {
  const { status, err } = await bench.run('check', '--config', 'missing.json');

  expect(status).toBe(1);
  expect(err).toContain('missing.json must be a readable JSON file');
});

describe('wrong use ends with 2 and a message:', () => {
  test.each([
    ['no command', [], 'Usage: sse-kit'],
    ['an unknown command', ['rendr'], "unknown command 'rendr'"],
    ['an unknown option', ['check', '--fast'], "unknown option '--fast'"],
    ['an option without its value', ['check', '--config'], 'argument missing'],
    ['a missing argument', ['render'], "missing required argument 'target'"],
    ['an argument too many', ['check', 'nginx'], 'too many arguments'],
    ['an unknown target', ['render', 'squid'], 'unknown target "squid"; the targets are nginx, haproxy'],
  ])('%s', async (_, argv, message) => {
    const { status, out, err } = await bench.run(...argv);

    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
  });

  test('an unknown target, even when the configuration has faults too', async () => {
    bench.configure({ policy: { drainSeconds: 300 } });

    expect((await bench.run('render', 'squid')).status).toBe(2);
  });

  test('a folder that cannot be written', async () => {
    writeFileSync(join(bench.folder, 'out'), 'a file');

    const { status, err } = await bench.run('render', 'all', '--out', 'out');

    expect(status).toBe(2);
    expect(err).toMatch(/^sse-kit: (ENOTDIR|EEXIST)/);
  });
});

test('help goes to stdout and is fine', async () => {
  const { status, out, err } = await bench.run('--help');

  expect([status, err]).toEqual([0, '']);
  expect(out).toContain('Exit status: 0 fine, 1 findings, 2 wrong use.');
});
