import { poolIdleSeconds, type StreamPolicy } from '../../policy/index.ts';
import type { YamlItem } from '../yaml.ts';
import { buffers } from './listeners.ts';
import { typeLine } from './typed.ts';

/** The replicas that the files name. Envoy's limits are for all of them together. */
const replicas = [8081, 8082];

/** Connections and requests per replica besides the streams: health checks, publishing, the page. */
const spare = 100;

const forAll = (perReplica: number): number => replicas.length * (Math.ceil(perReplica) + spare);

/** Client connections at most: over HTTP/1.1 each stream is one. A quarter to spare. */
export const connections = ({ maxStreams }: StreamPolicy): number => forAll(1.25 * maxStreams);

/** The replicas, and how they are chosen, watched and limited. */
export function cluster(policy: StreamPolicy): YamlItem {
  const most = forAll(1.5 * policy.maxStreams);
  return {
    lines: [
      { directive: 'name: sse_kit' },
      { directive: 'type: STATIC' },
      {
        why: 'an open stream is an open request: of replicas drawn at random, the one that holds the fewest gets the next',
        directive: 'lb_policy: LEAST_REQUEST',
      },
      { directive: 'least_request_lb_config: { choice_count: 4 }' },
      { why: 'a replica that is gone is given up before the client gives up', directive: 'connect_timeout: 2s' },
      { directive: buffers.directive ?? '' },
      {
        why: 'above these the next stream is refused, and the default is 1024; half of it is to spare, for all replicas together. Retries too: by default three at a time, while a drain sends everybody to another replica at once.',
        from: ['maxStreams'],
        directive: 'circuit_breakers:',
        block: [
          {
            directive: 'thresholds:',
            items: [
              {
                value: `{ max_connections: ${most}, max_pending_requests: ${most}, max_requests: ${most}, max_retries: ${most} }`,
              },
            ],
          },
        ],
      },
      {
        directive: 'typed_extension_protocol_options:',
        block: [
          {
            directive: 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions:',
            block: [
              typeLine('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
              { directive: 'explicit_http_config: { http_protocol_options: {} }' },
              {
                why: 'idle connections are closed before the service does it, or a reconnect meets a closing socket; the default is an hour',
                from: ['idleSeconds'],
                directive: `common_http_protocol_options: { idle_timeout: ${poolIdleSeconds(policy)}s }`,
              },
            ],
          },
        ],
      },
      {
        why: 'a draining replica says here that it is not ready: it gets no new streams, and keeps those it has',
        directive: 'health_checks:',
        items: [
          {
            value:
              '{ timeout: 2s, interval: 1s, no_traffic_interval: 1s, unhealthy_threshold: 2, healthy_threshold: 1, http_health_check: { path: /readyz } }',
          },
        ],
      },
      {
        why: 'where fewer than half of the replicas are healthy Envoy would ask all of them, the draining ones too',
        directive: 'common_lb_config: { healthy_panic_threshold: { value: 0 } }',
      },
      {
        directive: 'load_assignment:',
        block: [
          { directive: 'cluster_name: sse_kit' },
          {
            directive: 'endpoints:',
            items: [
              {
                lines: [
                  {
                    directive: 'lb_endpoints:',
                    items: replicas.map((port, index) => ({
                      ...(index === 0 && { why: 'the replicas; the limits on connections and requests are for two' }),
                      value: `endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }`,
                    })),
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  };
}
