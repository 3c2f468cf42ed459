import { policyToEnv, type StreamPolicy, serverTimersMs, streamHeaders } from '../policy/index.ts';
import { type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** The service's own HTTP timers (Node's names, milliseconds), response headers and environment. */
export interface ServiceConfig {
  readonly timers: Values;
  readonly headers: Values;
  readonly history: Values;
  readonly environment: Values;
}

function settings(policy: StreamPolicy): SettingGroups<keyof ServiceConfig> {
  const timers = serverTimersMs(policy);
  return {
    timers: [
      setting(
        'keepAliveTimeout',
        timers.keepAliveTimeout,
        'an idle connection is closed by the proxy that would reuse it, never by the service',
        ['keepAliveSeconds'],
      ),
      setting(
        'requestTimeout',
        timers.requestTimeout,
        'time to receive a request; does not run while a stream is answered',
      ),
      setting('headersTimeout', timers.headersTimeout, 'time to receive the headers of a request'),
      setting(
        'connectionTimeout',
        timers.connectionTimeout,
        "Node's inactivity timeout would cut streams; heartbeats are the service's own business",
      ),
    ],
    headers: Object.entries(streamHeaders).map(([name, value]) =>
      setting(name, value, 'tells the hops that are not ours to leave the stream alone'),
    ),
    history: [
      setting('replaySeconds', policy.replaySeconds, 'how far back a cursor can be resumed', ['replaySeconds']),
      setting('replayMaxEvents', policy.replayMaxEvents, 'and how many events', ['replayMaxEvents']),
      setting('beforeNotice', true, 'one atomic step writes the event to the log and tells the replicas'),
    ],
    environment: Object.entries(policyToEnv(policy)).map(([name, value]) =>
      setting(name, value, 'the whole policy, as the service reads it', ['stickiness']),
    ),
  };
}

const inPolicy = { as: 'SSE_POLICY' };

/** The Fastify service: what Node's HTTP server is told, and the environment it starts with. */
export const service = defineTarget<ServiceConfig>({
  id: 'service',
  title: 'the service (Node, Fastify)',
  coverage: {
    heartbeatSeconds: inPolicy,
    missedHeartbeats: inPolicy,
    idleSeconds: inPolicy,
    maxStreamAgeSeconds: inPolicy,
    maxStreamAgeJitter: inPolicy,
    retryMs: inPolicy,
    retryJitter: inPolicy,
    propagationSeconds: inPolicy,
    drainSeconds: inPolicy,
    replaySeconds: inPolicy,
    replayMaxEvents: inPolicy,
    maxEventBytes: inPolicy,
    slowClientBytes: inPolicy,
    maxStreams: inPolicy,
    maxStreamsPerUser: inPolicy,
    connectRatePerSecond: inPolicy,
    keepAliveSeconds: { as: 'keepAliveTimeout, SSE_POLICY' },
    stickiness: inPolicy,
  },
  limits: [],
  render: (policy) => {
    const groups = settings(policy);
    return {
      timers: valuesOf(groups.timers),
      headers: valuesOf(groups.headers),
      history: valuesOf(groups.history),
      environment: valuesOf(groups.environment),
    };
  },
  read: ({ timers, headers, history }) => {
    const inactivity = Number(timers.connectionTimeout ?? 0) / 1000 || Number.POSITIVE_INFINITY;
    const keepAlive = Number(timers.keepAliveTimeout ?? 5000) / 1000;
    const seconds = Number(history.replaySeconds ?? 0);
    return {
      target: 'service',
      idleTimers: [{ value: inactivity, setting: `connectionTimeout ${timers.connectionTimeout ?? 0} ms` }],
      keepAlive: { value: keepAlive, setting: `keepAliveTimeout ${timers.keepAliveTimeout ?? 5000} ms` },
      headers: {
        value: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        setting: 'response headers',
      },
      history: { value: { seconds, beforeNotice: history.beforeNotice === true }, setting: `replaySeconds ${seconds}` },
    };
  },
  files: (policy) => ({
    'service.yaml': settingsFile("The service's HTTP timers, headers and environment", settings(policy)),
  }),
});
