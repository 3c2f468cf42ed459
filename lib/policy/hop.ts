import type { Stickiness } from './stream-policy.ts';

/** One thing known about a hop, with the vendor's own words for it, so that an error can point at the line to change. */
export interface Fact<T> {
  readonly value: T;
  /** The setting as the vendor spells it, with its value: `proxy_read_timeout 60s`. */
  readonly setting: string;
  /** Where it stands, where that is known: `site.conf:12`. */
  readonly at?: string;
}

/**
 * What one hop does to a stream: the joint between targets, which read it from configuration, and rules, which judge it.
 * A fact that is absent is unknown or has no meaning at this hop; the rule about it is then not applicable. Seconds.
 */
export interface Hop {
  readonly target: string;
  /** Timers that bytes reset: silence for longer cuts the stream. */
  readonly idleTimers?: readonly Fact<number>[];
  /** Timers that bytes do not reset: the stream ends at this age whatever flows. `Infinity` is none. */
  readonly durationCaps?: readonly Fact<number>[];
  /** Response bytes are held back until a buffer fills. */
  readonly buffering?: Fact<boolean>;
  /** An event stream would be compressed. */
  readonly compression?: Fact<boolean>;
  /** One client's stream could be stored and served to another. */
  readonly caching?: Fact<boolean>;
  /** Response headers of the stream, lower-case names. */
  readonly headers?: Fact<Readonly<Record<string, string>>>;
  /** How long an idle connection towards the service stays in this hop's pool. */
  readonly poolIdle?: Fact<number>;
  /** How long this hop keeps an idle connection from the hop before it. */
  readonly keepAlive?: Fact<number>;
  /** Streams this hop can carry towards one replica at the same time. */
  readonly streamLimit?: Fact<number>;
  /** Streams one client connection can carry (HTTP/2). */
  readonly streamsPerConnection?: Fact<number>;
  readonly stickiness?: Fact<Stickiness | 'none'>;
  /** What an EventSource gets from this hop itself when it turns the request away: `fatal` is any status but 200. */
  readonly refusals?: Fact<'soft' | 'fatal'>;
  /** The access log contains the query string, and with it tokens. */
  readonly logsQuery?: Fact<boolean>;
  /** How long a replica goes on serving after its removal from routing, before its stop signal. */
  readonly propagation?: Fact<number>;
  /** From a replica's stop signal to its kill. */
  readonly stopWindow?: Fact<number>;
  /** How long this hop's old processes carry their streams on after a reload. */
  readonly reloadWindow?: Fact<number>;
  /** How far back this hop keeps history, and whether an event is in it before anybody is told of the event. */
  readonly history?: Fact<{ readonly seconds: number; readonly beforeNotice: boolean }>;
  /** Bytes of notices that may wait for a subscriber of the event store before it is cut off. */
  readonly subscriberBuffer?: Fact<number>;
  /** A full event store makes room by forgetting history, instead of refusing to publish. */
  readonly evictsHistory?: Fact<boolean>;
  /** How scale-in paces itself: no removal within `stabilization` of a higher need, one replica per `step`. */
  readonly scaleIn?: Fact<{ readonly stabilization: number; readonly step: number }>;
}
