import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Nginx, startNginx } from './nginx.ts';
import { temporaryFolder } from './programs.ts';
import { type Replica, startReplica } from './replica.ts';

/** The numbers of a Deployment that decide how its pods come and go. */
export interface RolloutNumbers {
  readonly preStopSeconds: number;
  readonly graceSeconds: number;
  readonly minReadySeconds: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** A proxy in front of pods that come and go, as a controller keeps it: nginx with the rendered files. */
export interface Edge {
  readonly nginx: Nginx;
  /** Resolves when the proxy sends new streams to these pods, and to no others. */
  readonly lead: (pods: readonly Replica[]) => Promise<void>;
}

/** How a pod has ended. */
export interface Ending {
  readonly code: number | null;
  /** The grace period was over before the process was. */
  readonly killed: boolean;
  /** From its stop signal to its end. */
  readonly tookMs: number;
}

/** The rendered files, with the servers of the upstream in a file of their own, and what stands behind each of them. */
export async function startEdge(pods: readonly Replica[]): Promise<Edge> {
  const file = join(temporaryFolder(), 'servers.conf');
  const servers = /(?<indent> +)server 127\.0\.0\.1:\d+(?<options>.*);\n.*server 127\.0\.0\.1:\d+.*;\n/;
  let options = '';
  const write = (all: readonly Replica[]): void =>
    writeFileSync(file, all.map(({ port }) => `server 127.0.0.1:${port}${options};\n`).join(''));
  const mutate = (text: string): string => {
    options = servers.exec(text)?.groups?.options ?? options;
    write(pods);
    return text.replace(servers, `include ${file};\n`);
  };
  const nginx = await startNginx([1, 2], { mutate });
  // one reload after the other
  let last: Promise<void> = Promise.resolve();
  const lead = (all: readonly Replica[]): Promise<void> => {
    const next = async (): Promise<void> => {
      write(all);
      await nginx.reload();
    };
    last = last.then(next);
    return last;
  };
  return { nginx, lead };
}

export interface RolloutOptions {
  readonly old: readonly Replica[];
  readonly edge: Edge;
  readonly numbers: RolloutNumbers;
  /** Environment of the new pods. */
  readonly env: Readonly<Record<string, string>>;
  /** From a pod's deletion until the proxies know of it: at most propagationSeconds, or the policy is wrong. */
  readonly noticeSeconds: number;
}

/**
 * Replaces pods as the Deployment controller, the endpoint controllers and the kubelet do: new ones first, as many as
 * maxSurge allows; when they have been ready for minReadySeconds the old ones are deleted, and nobody waits for their end.
 */
export async function rollOut({ old, edge, numbers, env, noticeSeconds }: RolloutOptions) {
  if (numbers.maxUnavailable > 0) throw new Error('only rollouts with maxUnavailable 0 are played here');
  let routed = [...old];
  const young: Replica[] = [];
  const endings: Promise<Ending>[] = [];
  for (let begun = 0; begun < old.length; begun += numbers.maxSurge) {
    const leaving = old.slice(begun, begun + numbers.maxSurge);
    const coming = await Promise.all(leaving.map((_, index) => startReplica({ name: `young-${begun + index}`, env })));
    young.push(...coming);
    routed = [...routed, ...coming];
    await edge.lead(routed);
    await pause(numbers.minReadySeconds * 1000);
    for (const pod of leaving) {
      const forget = async (): Promise<void> => {
        await pause(noticeSeconds * 1000);
        routed = routed.filter((one) => one !== pod);
        await edge.lead(routed);
      };
      endings.push(Promise.all([stopPod(pod, numbers), forget()]).then(([ending]) => ending));
    }
  }
  return { young, endings: await Promise.all(endings) };
}

/** As the kubelet does it: preStop, SIGTERM, and SIGKILL when the grace period is over, which began with preStop. */
export async function stopPod(
  pod: Pick<Replica, 'signal' | 'exited'>,
  { preStopSeconds, graceSeconds }: Pick<RolloutNumbers, 'preStopSeconds' | 'graceSeconds'>,
): Promise<Ending> {
  await pause(preStopSeconds * 1000);
  const began = performance.now();
  pod.signal('SIGTERM');
  const ended = new AbortController();
  let killed = false;
  const deadline = pause((graceSeconds - preStopSeconds) * 1000, undefined, { signal: ended.signal }).then(
    () => {
      killed = true;
      pod.signal('SIGKILL');
    },
    () => {},
  );
  const { code } = await pod.exited;
  ended.abort();
  await deadline;
  return { code, killed, tookMs: performance.now() - began };
}
