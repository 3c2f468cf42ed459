import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';
import { buildApp, type ServiceApp } from '../../service/app.ts';
import type { Pattern } from '../../service/patterns/patterns.ts';
import type { ServiceSettings } from '../../service/settings.ts';

export interface RunningService extends ServiceApp {
  readonly url: string;
}

const running = new Set<ServiceApp>();

/** A service on a free port of 127.0.0.1, with the embedded broker unless told otherwise. Ends with `stopServices`. */
export async function startService(
  policy: Partial<StreamPolicy> = {},
  settings: Partial<ServiceSettings> = {},
  more: readonly Pattern[] = [],
): Promise<RunningService> {
  const all: ServiceSettings = {
    policy: definePolicy(policy),
    host: '127.0.0.1',
    port: 0,
    workers: 1,
    redisUrl: undefined,
    redisUsername: undefined,
    redisPassword: undefined,
    auth: { mode: 'none' },
    tls: undefined,
    publishRatePerSecond: undefined,
    // a test and its service share a loop, and the machine is somebody else's too
    overloadLagMs: 60_000,
    corsOrigins: [],
    trustProxy: false,
    logLevel: 'silent',
    replica: `test${running.size}`,
    patterns: [],
    ...settings,
  };
  const service = await buildApp(all, more);
  running.add(service);
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...service, url };
}

/** For `afterEach`. */
export async function stopServices(): Promise<void> {
  await Promise.all([...running].map(({ app }) => app.close()));
  running.clear();
}

/** Publishes one event or several and returns their ids. */
export async function publish(url: string, channel: string, body: unknown): Promise<string[]> {
  const response = await post(url, channel, body);
  if (response.status !== 202)
    throw new Error(`publish was answered with ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { ids: string[] }).ids;
}

export function post(url: string, channel: string, body: unknown): Promise<Response> {
  return fetch(`${url}/channels/${channel}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The value of a metric, by name and labels as it is exposed; 0 when it has none yet. */
export async function metric(url: string, name: string): Promise<number> {
  return valueIn(await (await fetch(`${url}/metrics`)).text(), name);
}

function valueIn(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
