/** What differs between a deployment to try things out and one that carries users. */
export interface StageValues {
  /** Zones the VPC spans. */
  readonly maxAzs: number;
  /**
   * NAT gateways, at most one a zone. With 0 tasks reach AWS through five kinds of endpoints, which cost more than one
   * gateway. Absent: one a zone, so that no zone depends on another.
   */
  readonly natGateways?: number;
  /** Which of the VPC's connections are written down. */
  readonly flowLogs: 'rejected' | 'all';
  /** Node type of the event store, which holds the history of all channels. */
  readonly cacheNodeType: string;
  /** Copies of the event store beside the primary; failover needs at least one. */
  readonly cacheReplicas: number;
  /** Days for which daily snapshots of the event store are kept; 0 takes none. */
  readonly cacheBackupDays: number;
  /** The event store is encrypted with a KMS key of its own, which is audited and can be revoked. */
  readonly cacheOwnKey: boolean;
  /** The balancer cannot be deleted before this is switched off. */
  readonly deletionProtection: boolean;
  /** What holds data outlives its stack: logs stay, and the store leaves a last snapshot. */
  readonly retainData: boolean;
  /** Days for which CloudWatch keeps logs, the service's and the network's. */
  readonly logDays: number;
  /** Days for which the balancer's access and connection logs are kept. */
  readonly accessLogDays: number;
  /** What the web ACL does with what it finds: let it through and count, or refuse it; or there is none. */
  readonly webAcl: 'none' | 'count' | 'block';
}

/**
 * dev: one of everything, cheap, and deleted with its stacks, but for a bucket of logs that empties itself. prod: a zone may
 * fail, and nothing is lost.
 */
export const stages = {
  dev: {
    maxAzs: 2,
    natGateways: 1,
    flowLogs: 'rejected',
    cacheNodeType: 'cache.t4g.micro',
    cacheReplicas: 0,
    cacheBackupDays: 0,
    cacheOwnKey: false,
    deletionProtection: false,
    retainData: false,
    logDays: 7,
    accessLogDays: 14,
    webAcl: 'count',
  },
  prod: {
    maxAzs: 3,
    flowLogs: 'all',
    cacheNodeType: 'cache.m7g.large',
    cacheReplicas: 1,
    cacheBackupDays: 7,
    cacheOwnKey: true,
    deletionProtection: true,
    retainData: true,
    logDays: 90,
    accessLogDays: 365,
    webAcl: 'block',
  },
} as const satisfies Readonly<Record<string, StageValues>>;

export type Stage = keyof typeof stages;

/** A stage's values that may be given one by one. */
export type StageOverrides = { readonly [Name in keyof StageValues]?: StageValues[Name] | undefined };

/** The values of a stage; what is given wins. Other keys of `given` do not come along. */
export function stageValues(stage: Stage, given: StageOverrides = {}): StageValues {
  const own: StageValues = stages[stage];
  const names = Object.keys(stages.dev) as (keyof StageValues)[];
  const chosen = names.map((name) => [name, given[name] ?? own[name]] as const);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined)) as unknown as StageValues;
}
