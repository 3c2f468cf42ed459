import type { Sample } from './sampler.ts';

/** When something is worth waking up for, and when it is over: apart, so that a value on the edge does not flicker. */
export interface AlertRule {
  readonly id: string;
  readonly value: (sample: Sample) => number;
  /** Raised once the value has been at least this, */
  readonly raiseAt: number;
  /** in so many samples on end; there is one a second. */
  readonly raiseAfter: number;
  /** Cleared once the value has been below this, */
  readonly clearBelow: number;
  /** in so many samples on end. */
  readonly clearAfter: number;
  readonly says: string;
}

export const alertRules: readonly AlertRule[] = [
  {
    id: 'streams-near-limit',
    value: ({ streams, maxStreams }) => streams / maxStreams,
    raiseAt: 0.8,
    raiseAfter: 3,
    clearBelow: 0.7,
    clearAfter: 10,
    says: 'streams per maxStreams: beyond 1 new ones are turned away; add replicas',
  },
  {
    id: 'loop-lag',
    value: ({ loopP99Ms }) => loopP99Ms,
    raiseAt: 200,
    raiseAfter: 3,
    clearBelow: 100,
    clearAfter: 10,
    says: 'p99 of the event loop’s delay in ms: heartbeats and deliveries are late; add replicas or cores',
  },
  {
    id: 'broker-lost',
    value: ({ brokerConnected }) => (brokerConnected ? 0 : 1),
    raiseAt: 1,
    raiseAfter: 1,
    clearBelow: 1,
    clearAfter: 3,
    says: '1 while the event store is away: publishing answers 503, new streams are turned away',
  },
  {
    id: 'broker-lag',
    value: ({ brokerLagSeconds }) => brokerLagSeconds,
    raiseAt: 2,
    raiseAfter: 3,
    clearBelow: 1,
    clearAfter: 5,
    says: 'seconds by which events come late through the event store: look at its load, and at the way there',
  },
  {
    id: 'soft-fails',
    value: ({ softFailsPerSecond }) => softFailsPerSecond,
    raiseAt: 1,
    raiseAfter: 3,
    clearBelow: 0.1,
    clearAfter: 10,
    says: 'streams turned away per second: clients wait longer than they should',
  },
  {
    id: 'gaps',
    value: ({ gapsPerSecond }) => gapsPerSecond,
    raiseAt: 0.1,
    raiseAfter: 1,
    clearBelow: 0.1,
    clearAfter: 30,
    says: 'gaps told per second: clients missed events for good; keep more history',
  },
  {
    id: 'slow-clients',
    value: ({ slowPerSecond }) => slowPerSecond,
    raiseAt: 1,
    raiseAfter: 3,
    clearBelow: 0.1,
    clearAfter: 10,
    says: 'streams closed per second because their clients do not keep up',
  },
];

/** An alert that is raised or cleared. */
export interface AlertChange {
  readonly alert: string;
  readonly state: 'raised' | 'cleared';
  readonly value: number;
  /** What the value was compared with. */
  readonly limit: number;
  readonly says: string;
}

/** Judges one sample after the other by a table of rules. */
export class Alerts {
  readonly #rules: readonly AlertRule[];
  readonly #raised = new Set<string>();
  /** For how many samples on end each rule has been on the other side of its limit. */
  readonly #runs = new Map<string, number>();

  constructor(rules: readonly AlertRule[] = alertRules) {
    this.#rules = rules;
  }

  /** The alerts that stand. */
  get raised(): readonly string[] {
    return [...this.#raised];
  }

  judge(sample: Sample): readonly AlertChange[] {
    return this.#rules.flatMap((rule) => this.#judgeBy(rule, rule.value(sample)));
  }

  #judgeBy({ id, says, ...rule }: AlertRule, value: number): readonly AlertChange[] {
    const raised = this.#raised.has(id);
    const other = raised ? value < rule.clearBelow : value >= rule.raiseAt;
    const run = other ? (this.#runs.get(id) ?? 0) + 1 : 0;
    this.#runs.set(id, run);
    if (run < (raised ? rule.clearAfter : rule.raiseAfter) || !other) return [];
    this.#runs.set(id, 0);
    if (raised) this.#raised.delete(id);
    else this.#raised.add(id);
    const limit = raised ? rule.clearBelow : rule.raiseAt;
    return [{ alert: id, state: raised ? 'cleared' : 'raised', value, limit, says }];
  }
}
