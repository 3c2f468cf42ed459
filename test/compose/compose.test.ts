import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { composeFiles } from '../../lib/compose/compose.ts';
import { definePolicy, policyFromEnv, type StreamPolicy } from '../../lib/policy/index.ts';
import { nginx } from '../../lib/targets/index.ts';
import { settingsFromEnv } from '../../service/settings.ts';

interface Container {
  readonly environment: Record<string, string>;
  readonly volumes: readonly string[];
  readonly command: readonly string[];
  readonly network_mode?: string;
  readonly stop_grace_period: string;
  readonly ulimits: { readonly nofile: number };
  readonly [key: string]: unknown;
}

const root = join(__dirname, '../..');

function servicesOf(policy: StreamPolicy): Record<string, Container> {
  return parse(composeFiles(policy)['compose.yaml'] ?? '', { merge: true }).services;
}

const policy = definePolicy({ drainSeconds: 60, propagationSeconds: 7, maxStreams: 25_000, maxEventBytes: 131_072 });
const services = servicesOf(policy);
const replicas = Object.entries(services).filter(([name]) => name.startsWith('replica-'));
const site = Object.values(nginx.files(policy)).join('\n');

test('nginx leads to the replicas: their ports in its network are those of the shipped files', () => {
  const upstreams = [...site.matchAll(/^ *server (127\.0\.0\.1):(\d+) /gm)].map(([, , port]) => port);

  expect(replicas.map(([, { environment }]) => environment.PORT)).toEqual(upstreams);
  for (const [, { network_mode }] of replicas) expect(network_mode).toBe('service:nginx');
});

test('nginx gets the files of nginx/ as they are, where example.conf looks for them', () => {
  const mounts = services.nginx?.volumes.map((volume) => volume.split(':')) ?? [];

  expect(mounts.map(([from = '']) => existsSync(join(root, from)))).toEqual([true, true, true]);
  expect(mounts.map(([, to]) => to)).toEqual([
    '/etc/nginx/nginx.conf',
    ...[...(nginx.files(policy)['example.conf'] ?? '').matchAll(/include (\S+);/g)].map(
      ([, name]) => `/etc/nginx/${name}`,
    ),
  ]);
  expect(mounts.map(([, , mode]) => mode)).toEqual(['ro', 'ro', 'ro']);
});

test('a replica has the whole policy, and time to hand its streams over', () => {
  for (const [name, { environment, stop_grace_period, ulimits }] of replicas) {
    expect(environment.REPLICA).toBe(name);
    expect(policyFromEnv(environment)).toEqual(policy);
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThanOrEqual(7 + 60 + 5);
    expect(ulimits.nofile).toBeGreaterThan(policy.maxStreams);
  }
});

test('the service starts with this environment, on a loopback that is shared with nginx alone', () => {
  const [settings] = replicas.map(([, { environment }]) => settingsFromEnv(environment));

  expect(settings).toMatchObject({ host: '127.0.0.1', port: 8081, trustProxy: true, redisUrl: 'redis://store:6379' });
});

test('nginx may open the files that its configuration asks for', () => {
  const asked = Number(/worker_rlimit_nofile (\d+);/.exec(site)?.[1]);
  expect(services.nginx?.ulimits.nofile).toBe(asked);
});

test('the store has room for a hundred of the largest events, and refuses rather than forgets', () => {
  const command = services.store?.command.join('\n') ?? '';
  const [, , soft] = /pubsub (\d+) (\d+) 60/.exec(command) ?? [];

  expect(Number(soft)).toBeGreaterThanOrEqual(100 * policy.maxEventBytes);
  expect(command).toContain('--maxmemory-policy noeviction');
  expect(command).toContain('--appendonly yes');
});

test('no container is root, can write to its root, or keeps a capability', () => {
  for (const [name, one] of Object.entries(services)) {
    expect([name, one.read_only, one.cap_drop, one.security_opt]).toEqual([
      name,
      true,
      ['ALL'],
      ['no-new-privileges:true'],
    ]);
    expect([name, one.user !== undefined || one.build !== undefined]).toEqual([name, true]);
    expect([name, one.logging !== undefined, one.restart]).toEqual([name, true, 'unless-stopped']);
  }
});

test('every image is pinned or built here, and only nginx is reached from outside, on loopback', () => {
  for (const one of Object.values(services)) expect(String(one.image)).toMatch(/^sse-kit-service$|:\d+\.\d+-/);
  expect(Object.entries(services).filter(([, { ports }]) => ports !== undefined)).toEqual([
    ['nginx', expect.objectContaining({ ports: ['127.0.0.1:8080:80'] })],
  ]);
});

test('a dollar in the policy is not taken for a variable', () => {
  const cookie = { cookie: 'S$HOME', seconds: 60 };
  const [one] = Object.values(servicesOf(definePolicy({ stickiness: cookie }))).filter(
    ({ environment }) => environment,
  );

  expect(one?.environment.SSE_POLICY).toContain('"S$$HOME"');
});
