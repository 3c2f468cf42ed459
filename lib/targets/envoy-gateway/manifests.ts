import {
  poolIdleSeconds,
  proxySoftFailsHeader,
  type StreamPolicy,
  softFailHeader,
  streamHeaders,
} from '../../policy/index.ts';
import type { EdgePlace } from '../edge/edge.ts';
import { duration } from '../edge/manifest.ts';
import { gateway, httpRoute, noRequestTimeout, object, routeRule, targetRef } from '../edge/objects.ts';
import { type Line, line, list, type Mapping, map } from '../edge/tree.ts';
import { mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import { retryValues } from '../retry-values.ts';

const group = 'gateway.envoyproxy.io';

/** The route of streams that may be refused softly, beside the one for everything else. */
export const streams = '-streams';

/** Written by the route, read by the wording of a refusal. */
export const retryHeader = 'x-sse-retry';

/** The largest number a circuit breaker takes: none (CRD: maximum 4294967295). */
const unlimited = 4_294_967_295;

/** How long a proxy that is replaced waits for the streams of a replica that is replaced at the same time. */
export const proxyDrainSeconds = ({ propagationSeconds, drainSeconds }: StreamPolicy): number =>
  propagationSeconds + drainSeconds;

export const envoyGatewayManifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  ...(place.gateway === undefined ? [proxies(policy, place)] : []),
  ...gateway(place, 'eg', {
    group,
    kind: 'EnvoyProxy',
    why: 'how the proxies of this Gateway stop, and what they log',
  }),
  streamRoute(policy, place),
  httpRoute(place, [
    routeRule(
      place,
      noRequestTimeout(
        'none: it runs from the request to the last byte, and is 15 s in Envoy unless something is said here. Long polls, probes and WebSockets need that too',
      ),
    ),
  ]),
  traffic(policy, place, {
    suffix: streams,
    lines: [
      retry(
        'before its first byte a stream may go to another replica: to one that can be reached, and from one that says 503 because it is full or stops',
        'connect-failure',
        'refused-stream',
        'reset-before-request',
        'retriable-status-codes',
      ),
      softFail,
    ],
  }),
  traffic(policy, place, {
    lines: [
      retry(
        'a request is sent again only if it cannot have arrived',
        'connect-failure',
        'refused-stream',
        'reset-before-request',
      ),
    ],
  }),
];

/** An own rule for each moment to come back: of its requests, each proxy draws the identifier. */
function streamRoute(policy: StreamPolicy, place: EdgePlace): Mapping {
  const values = retryValues(policy, shares.length);
  const rules = shares.map((share, index) => streamRule(place, share, String(values[index]), index === 0));
  return httpRoute(place, rules, { suffix: streams });
}

/**
 * The first hexadecimal digit of a request's identifier, a random UUID, in equal parts; the last rule takes what is left,
 * and identifiers that clients of the cluster have given themselves. Envoy writes it before it looks for a route
 * (envoyproxy/envoy:source/common/http/conn_manager_impl.cc: mutateRequestHeaders, then refreshCachedRoute).
 */
const shares = ['[01]', '[23]', '[45]', '[67]', '[89]', '[ab]', '[cd]', undefined];

function streamRule(place: EdgePlace, share: string | undefined, retryMs: string, first: boolean): Mapping {
  const why = (text: string): string | undefined => (first ? text : undefined);
  const header = (name: string, value: string, reason?: string): Mapping =>
    map(line('type', 'RegularExpression', reason), line('name', name), line('value', value));
  const set = (name: string, value: string, reason?: string, from: Line['from'] = []): Mapping =>
    map(line('name', name, reason, from), line('value', value));
  const byName = header(
    'accept',
    '.*text/event-stream.*',
    why('who asks for an event stream by name, as EventSource does'),
  );
  const drawn = header(
    'x-request-id',
    `${share}.*`,
    why(
      'Envoy gives every request an identifier at random before it is routed: an eighth of them each comes here and below, with a retry of its own, and the rest to the last rule. EventSource has no jitter',
    ),
  );
  const headers = list(byName, ...(share === undefined ? [] : [drawn]));
  const modifier = map(
    line('type', 'RequestHeaderModifier'),
    line(
      'requestHeaderModifier',
      map(
        line(
          'set',
          list(
            set(
              proxySoftFailsHeader,
              '1',
              why('a replica that would refuse softly says 503 instead: another one is asked, in the same request'),
            ),
            set(
              retryHeader,
              retryMs,
              why('when to come back, in milliseconds, should all of them refuse'),
              first ? ['retryMs', 'retryJitter'] : [],
            ),
          ),
        ),
      ),
    ),
  );
  return routeRule(
    place,
    line(
      'matches',
      list(map(line('path', map(line('type', 'Exact'), line('value', '/events'))), line('headers', headers))),
    ),
    line('filters', list(modifier)),
    line('timeouts', map(line('request', '0s', why('none; see below')))),
  );
}

interface Traffic {
  readonly suffix?: string;
  readonly lines: readonly Line[];
}

/** What holds between the proxies and the service. Two policies, because refusals are worded for streams only. */
function traffic(policy: StreamPolicy, place: EdgePlace, { suffix = '', lines }: Traffic): Mapping {
  return object({
    apiVersion: `${group}/v1alpha1`,
    kind: 'BackendTrafficPolicy',
    place,
    suffix,
    spec: map(
      line('targetRefs', list(targetRef(place, 'HTTPRoute', suffix))),
      timeouts(policy),
      line(
        'circuitBreaker',
        map(
          ...['maxConnections', 'maxPendingRequests', 'maxParallelRequests', 'maxParallelRetries'].map((key) =>
            line(key, unlimited),
          ),
        ),
        'none: they count for all replicas together, by default 1024, and answer the next stream with 503. The service knows how many it holds, and admits them',
      ),
      line(
        'healthCheck',
        map(line('panicThreshold', 0)),
        'where more than half of the replicas are stopping Envoy would ask all of them, the stopping ones too',
      ),
      balancing(policy.stickiness),
      ...lines,
    ),
  });
}

const timeouts = (policy: StreamPolicy): Line =>
  line(
    'timeout',
    map(
      line(
        'http',
        map(
          line(
            'streamIdleTimeout',
            duration(policy.idleSeconds),
            'silence for longer cuts the stream; heartbeats keep it away. Without it a request timeout of 0s switches it off',
            ['idleSeconds'],
          ),
          line('maxStreamDuration', '0s', 'no limit on the age of a stream; the service has one'),
          line(
            'connectionIdleTimeout',
            duration(poolIdleSeconds(policy)),
            'idle connections are closed before the service does it, or a reconnect meets a closing socket; the default is an hour',
            ['idleSeconds'],
          ),
        ),
      ),
      line(
        'tcp',
        map(line('connectTimeout', '2s')),
        'a replica that is gone is given up before the client gives up; the default is 10 s',
      ),
    ),
  );

function balancing(stickiness: StreamPolicy['stickiness']): Line {
  if (stickiness === 'none')
    return line(
      'loadBalancer',
      map(line('type', 'LeastRequest')),
      'an open stream is an open request: of two replicas drawn at random, the one with fewer gets the next',
    );
  return line(
    'loadBalancer',
    map(
      line('type', 'ConsistentHash'),
      line(
        'consistentHash',
        map(
          line('type', 'Cookie'),
          line(
            'cookie',
            map(
              line('name', stickiness.cookie, 'the name of the cookie', ['stickiness']),
              line('ttl', duration(stickiness.seconds), 'not longer than a stream may live', ['stickiness']),
            ),
          ),
        ),
      ),
    ),
    'a client comes back to its replica while it is there. The cookie decides, not the number of open streams: with stickiness "none" it is the least busy replica',
  );
}

const retry = (why: string, ...triggers: readonly string[]): Line =>
  line(
    'retry',
    map(
      line('numRetries', 2),
      line(
        'retryOn',
        map(
          line('triggers', list(...triggers)),
          triggers.includes('retriable-status-codes') && line('httpStatusCodes', list(503)),
        ),
      ),
    ),
    why,
  );

/**
 * Without replicas Envoy Gateway answers 500 itself (Gateway API: a route without valid backends). Headers become
 * response_headers_to_add (envoyproxy/gateway:internal/xds/translator/custom_response.go), whose formats see the request
 * (envoyproxy/envoy:source/common/router/header_parser.h, evaluateHeaders).
 */
const softFail: Line = line(
  'responseOverride',
  list(
    map(
      line(
        'match',
        map(
          line(
            'statusCodes',
            list(map(line('type', 'Range'), line('range', map(line('start', 500), line('end', 504))))),
          ),
        ),
        'when no replica is left, 500 if there is none at all: a 200 with "retry:", because any other status ends an EventSource for good',
      ),
      line(
        'response',
        map(
          line('statusCode', 200),
          line('contentType', 'text/event-stream'),
          line(
            'header',
            map(
              line(
                'set',
                list(
                  map(line('name', titleCase(softFailHeader)), line('value', 'upstream')),
                  map(line('name', 'Cache-Control'), line('value', streamHeaders['cache-control'] ?? '')),
                  map(
                    line(
                      'name',
                      'Access-Control-Allow-Origin',
                      `${mayBeReadByAnyPage} Without an Origin there is no value, and Envoy leaves the header out.`,
                    ),
                    line('value', '%REQ(ORIGIN)%'),
                  ),
                  map(line('name', 'Access-Control-Allow-Credentials'), line('value', 'true')),
                  map(line('name', 'Vary'), line('value', 'Origin')),
                ),
              ),
            ),
            'marked, so that it can be counted and is not mistaken for health',
          ),
          line(
            'body',
            map(line('type', 'Inline'), line('inline', `retry: %REQ(${retryHeader})%\n\n`)),
            'what cannot be said here: the client\'s cursor, because Envoy writes "-" for a header that is not there (browsers remember theirs). And without a single replica the line has no number: clients keep the one they had',
          ),
        ),
      ),
    ),
  ),
);

const proxies = (policy: StreamPolicy, place: EdgePlace): Mapping =>
  object({
    apiVersion: `${group}/v1alpha1`,
    kind: 'EnvoyProxy',
    place,
    spec: map(
      line(
        'shutdown',
        map(
          line(
            'drainTimeout',
            duration(proxyDrainSeconds(policy)),
            'a proxy that is replaced carries its streams for as long as a replica takes to close its own; Envoy Gateway adds 300 s of grace to it',
            ['propagationSeconds', 'drainSeconds'],
          ),
        ),
      ),
      line(
        'telemetry',
        map(
          line(
            'accessLog',
            map(
              line(
                'settings',
                list(
                  map(
                    line(
                      'format',
                      map(
                        line('type', 'Text'),
                        line(
                          'text',
                          '[%START_TIME%] %REQ(:METHOD)% %REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT% %DURATION% %UPSTREAM_HOST%\n',
                        ),
                      ),
                      'the default logs the query, and with it the tokens in it',
                    ),
                    line('sinks', list(map(line('type', 'File'), line('file', map(line('path', '/dev/stdout')))))),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  });
