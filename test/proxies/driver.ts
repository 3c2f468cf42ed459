import type { StreamPolicy } from '../../lib/policy/index.ts';

/** Changes to a rendered file, for tests that have to see them fail. */
export type Mutation = (text: string) => string;

/** One way for a client to reach the proxy. */
export interface Way {
  readonly name: string;
  readonly url: string;
  readonly http2: boolean;
  /** The proxy notices only when it writes to a client that it has left. */
  readonly noticesLeaversLate?: boolean;
}

/** A real proxy that runs with the files its target renders, unchanged but for ports and names. */
export interface RunningProxy {
  /** Over plain HTTP/1.1. */
  readonly url: string;
  readonly ways: readonly Way[];
  /** Reads its files again; resolves when new connections meet the new configuration. */
  readonly reload: () => Promise<void>;
  /** Does not ask the next replica when one turns a stream away: its health check has to notice a drain first. */
  readonly noticesDrainsLate?: boolean;
  /** What has been written to the access log so far; absent where the proxy writes none. */
  readonly log?: () => string;
}

export interface ProxyDriver {
  readonly name: string;
  /** Starts the rendered files in front of two replicas; ends with `stopPrograms`. */
  readonly start: (
    replicas: readonly [number, number],
    policy: StreamPolicy,
    mutate?: Mutation,
  ) => Promise<RunningProxy>;
  /** Lets the proxy's own validator look at the rendered files, and rejects with what it complains of. */
  readonly validate: (policy: StreamPolicy, mutate?: Mutation) => Promise<void>;
}
