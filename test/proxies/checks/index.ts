import { definePolicy } from '../../../lib/policy/index.ts';
import { openStream } from '../../support/stream.ts';
import type { Mutation, ProxyDriver } from '../driver.ts';
import { eventually, policy, type Stage } from '../stage.ts';
import { crowd, fallbacks, leaving, publishing } from './carrying.ts';
import { promptness } from './promptness.ts';
import { silence } from './silence.ts';
import { drain, outage, reload, resume } from './surviving.ts';

/** What a check looks at: files as rendered or with something broken, and what runs with them. */
export interface Scene {
  readonly driver: ProxyDriver;
  readonly mutate?: Mutation;
  readonly stage: () => Promise<Stage>;
}

interface Check {
  /** Completes "the proxy …". */
  readonly promise: string;
  /** Resolves with what was measured, if something was; rejects where the promise is not kept. */
  readonly prove: (scene: Scene) => Promise<unknown>;
}

const onStage = (prove: (stage: Stage) => Promise<unknown>): Check['prove'] => {
  return async ({ stage }) => prove(await stage());
};

/** By name: what is promised, and what has to be seen on the real proxy. */
export const checks = {
  validity: {
    promise: 'accepts its files',
    // with the default policy too
    prove: async ({ driver, mutate }) => {
      await driver.validate(policy, mutate);
      await driver.validate(definePolicy(), mutate);
    },
  },
  promptness: {
    promise: 'is prompt over every protocol, whatever encodings a client would take',
    prove: onStage(promptness),
  },
  publishing: {
    promise: 'carries publishing, resumes and CORS while streams are open, and logs no tokens',
    prove: onStage(publishing),
  },
  fallbacks: { promise: 'carries a WebSocket, a long poll and a diagnosis', prove: onStage(fallbacks) },
  leaving: { promise: 'tells the service within two seconds when a client has left', prove: onStage(leaving) },
  resume: { promise: 'resumes on the other replica when one is killed, exactly once', prove: onStage(resume) },
  drain: { promise: 'gives a draining replica no new streams', prove: onStage(drain) },
  outage: { promise: 'keeps an EventSource alive without any replica', prove: onStage(outage) },
  reload: { promise: 'cuts and loses nothing when it reloads under load', prove: onStage(reload) },
  crowd: { promise: 'carries five thousand streams, and one event to all of them once', prove: onStage(crowd) },
  silence: {
    promise: 'lets heartbeats through for three idle timers, and cuts a stream that is silent',
    prove: ({ driver, mutate }) => silence(driver, mutate),
  },
} as const satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;

/** Both replicas get streams: a proxy needs a moment until it trusts one again that was gone. */
export async function bothInRotation({ cast, proxy, channel }: Stage): Promise<void> {
  const held = new Set<string>();
  await eventually(async () => {
    const stream = await openStream(`${proxy.url}/events?channel=${channel}`);
    const opened = await Promise.race([stream.event('stream:open').catch(() => undefined), stream.ended]);
    if (opened) held.add(cast.holderOf(JSON.parse(opened.data).stream).name);
    return held.size === 2;
  });
}
