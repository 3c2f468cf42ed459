import type { Replica } from '../support/replica.ts';
import type { Cluster } from './cluster.ts';
import type { FaultKind, PlannedFault } from './schedule.ts';
import { pause } from './waiting.ts';

/** What a fault hits. Two faults of one target follow each other; those of different targets may overlap. */
export type Target = 'store' | 'proxy' | `replica ${number}`;

interface Fault {
  readonly target: (planned: PlannedFault) => Target;
  /** Does it, and mends it. Resolves once what was hit is back. */
  readonly run: (cluster: Cluster, planned: PlannedFault) => Promise<void>;
}

const ofReplica = ({ replica }: PlannedFault): Target => `replica ${replica}`;
const ofStore = (): Target => 'store';

export const faults: Readonly<Record<FaultKind, Fault>> = {
  'kill-replica': { target: ofReplica, run: (cluster, { replica }) => cluster.killReplica(replica) },
  'stop-replica': { target: ofReplica, run: (cluster, { replica }) => cluster.stopReplica(replica) },
  'freeze-replica': {
    target: ofReplica,
    run: ({ replicas }, { replica, forMs }) => freeze(replicas[replica] as Replica, forMs),
  },
  'freeze-store': { target: ofStore, run: ({ store }, { forMs }) => store.freeze(forMs) },
  'restart-store': { target: ofStore, run: ({ store }) => store.restart() },
  'planned-failover': { target: ofStore, run: ({ store }) => store.failOver() },
  'reload-proxy': { target: () => 'proxy', run: ({ nginx }) => nginx.reload() },
  'wipe-store': { target: ofStore, run: ({ store }) => store.wipe() },
  'flush-store': { target: ofStore, run: ({ store }) => store.flush() },
  'losing-failover': { target: ofStore, run: ({ store }, { forMs }) => store.failOverTooLate(forMs / 4) },
};

async function freeze({ signal }: Replica, forMs: number): Promise<void> {
  signal('SIGSTOP');
  await pause(forMs);
  signal('SIGCONT');
}
