import type { StreamPolicy } from '../../policy/index.ts';

/** What the service is used for; what nobody can derive from the configuration. */
export interface Load {
  /** Streams that are open at the same time. */
  readonly streams: number;
  /** Events that reach one stream in a minute, at random times. */
  readonly eventsPerMinute: number;
  /** Bytes of an event as it stands in the stream: fields, data, the empty line. */
  readonly eventBytes: number;
  /** Events that are published in a second, to all channels together. */
  readonly publishedPerSecond: number;
  /** Minutes that a client stays before it leaves for good: a page that is closed, a phone that is put away. */
  readonly stayMinutes: number;
  /** Streams that share one client connection: tabs of a browser, over HTTP/2 only. */
  readonly streamsPerConnection: number;
}

export const hoursPerMonth = 730;

export const secondsPerMonth = hoursPerMonth * 3600;

/** `:` and an empty line; see service/fanout/frame.ts. */
const heartbeatBytes = 3;

/** A chunk's length and its two line ends, HTTP/1.1 between balancer and task. */
const chunkBytes = 5;

/**
 * What every write costs beside its payload on the way to a client: the frame of HTTP/2 (9), a record of TLS 1.3 (22), and
 * the headers of TCP with timestamps and of IPv4 (52). Acknowledgements come in, and what comes in is free.
 */
const wireBytes = 9 + 22 + 52;

/**
 * Heartbeats a second and stream. One is written after so much silence, so events make them rarer: with λ events a second
 * at random times, λ / (e^(λ·H) − 1), which is 1/H when there are none.
 */
export function heartbeatsPerSecond({ heartbeatSeconds }: StreamPolicy, { eventsPerMinute }: Load): number {
  const events = eventsPerMinute / 60;
  return events === 0 ? 1 / heartbeatSeconds : events / Math.expm1(events * heartbeatSeconds);
}

/** Bytes a second and stream: what the balancer counts as processed, and what leaves for the internet. */
export function bytesPerSecond(policy: StreamPolicy, load: Load) {
  const heartbeats = heartbeatsPerSecond(policy, load);
  const events = load.eventsPerMinute / 60;
  const payload = (overhead: number): number =>
    heartbeats * (heartbeatBytes + overhead) + events * (load.eventBytes + overhead);
  return {
    processed: payload(chunkBytes),
    sent: payload(wireBytes),
    heartbeats: heartbeats * (heartbeatBytes + wireBytes),
  };
}

/** Streams that are opened in a second: each ends by its age, or with its client, whichever is sooner. */
export const opensPerSecond = ({ maxStreamAgeSeconds }: StreamPolicy, { streams, stayMinutes }: Load): number =>
  streams * (1 / maxStreamAgeSeconds + 1 / (stayMinutes * 60));

/**
 * Connections that are opened in a second. A stream that comes back at its age takes the connection that is there over
 * HTTP/2, where the other streams keep it; a lone one may find it closed, and counts.
 */
export function connectsPerSecond(policy: StreamPolicy, load: Load): number {
  const connections = load.streams / load.streamsPerConnection;
  const leaves = connections / (load.stayMinutes * 60);
  return load.streamsPerConnection > 1 ? leaves : leaves + connections / policy.maxStreamAgeSeconds;
}

export const gbPerMonth = (bytesEachSecond: number): number => (bytesEachSecond * secondsPerMonth) / 1e9;
