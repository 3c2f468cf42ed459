import { durationCapSeconds, marginSeconds, type StreamPolicy } from '../../policy/index.ts';
import { comment, fileHead } from '../proxies.ts';
import type { Files } from '../target.ts';
import { printYaml, type YamlLine } from '../yaml.ts';
import { cluster, connections } from './cluster.ts';
import { listeners } from './listeners.ts';
import { extension } from './typed.ts';

/** The files of `proxies/envoy/`. Valid for Envoy 1.31 and every later version. */
export function envoyFiles(policy: StreamPolicy): Files {
  return {
    'envoy.yaml':
      fileHead('Streams: a whole envoy.yaml', [
        'A complete site in front of two replicas. Envoy has no include: what streams need in a file of',
        'your own are the routes, local_reply_config, the custom_response filter, and the cluster.',
        'Check:  envoy --mode validate -c envoy.yaml',
        'Change: the certificate, and the two addresses at the end.',
      ]) + printYaml(bootstrap(policy)),
    'start-envoy.sh': startScript(policy),
    'sse-kit.service.conf':
      fileHead('Streams: what systemd has to grant', [
        'Copy it to /etc/systemd/system/envoy.service.d/sse-kit.conf, then: systemctl daemon-reload',
      ]) + unit(policy),
  };
}

const bootstrap = (policy: StreamPolicy): readonly YamlLine[] => [
  {
    why: 'for /stats, /clusters and draining; whoever reaches it may stop Envoy, so it stays on this machine',
    directive: 'admin:',
    block: [{ directive: 'address: { socket_address: { address: 127.0.0.1, port_value: 9901 } }' }],
  },
  {
    why: 'above this a connection is closed before its request: an EventSource comes back from that by itself, and from no status but 200. Over HTTP/1.1 each stream is a connection; a quarter to spare, for all replicas together.',
    from: ['maxStreams'],
    directive: 'overload_manager:',
    block: [
      {
        directive: 'resource_monitors:',
        items: [
          {
            lines: extension(
              'envoy.resource_monitors.global_downstream_max_connections',
              'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
              { directive: `max_active_downstream_connections: ${connections(policy)}` },
            ),
          },
        ],
      },
    ],
  },
  {
    why: 'the site',
    directive: 'static_resources:',
    block: [
      { directive: 'listeners:', items: listeners(policy) },
      { why: 'the service', directive: 'clusters:', items: [cluster(policy)] },
    ],
  },
];

/** How long the old process stays after a hot restart: its last streams have ended by their age, and its drain is over. */
const parentSeconds = (policy: StreamPolicy): number =>
  Math.max(durationCapSeconds(policy), policy.drainSeconds + marginSeconds);

const startScript = (policy: StreamPolicy): string =>
  [
    '#!/bin/sh\n',
    fileHead('Streams: how Envoy is started', [
      "For Envoy's hot restarter (restarter/hot-restarter.py in its repository), which starts the next",
      'Envoy on SIGHUP, and has it take the listening sockets over:',
      '    hot-restarter.py /etc/envoy/start-envoy.sh',
    ]),
    comment('--drain-time-s: how long the old process takes to ask its clients to leave, one after the other', [
      'drainSeconds',
    ]),
    comment(
      '--parent-shutdown-time-s: when it ends, and its last streams with it; they have ended by their age before. The default of 900 s cuts them all in one moment',
      ['maxStreamAgeSeconds', 'maxStreamAgeJitter', 'drainSeconds'],
    ),
    'exec envoy -c /etc/envoy/envoy.yaml --restart-epoch "$' + '{RESTART_EPOCH:-0}" \\\n',
    `    --drain-time-s ${policy.drainSeconds} --parent-shutdown-time-s ${parentSeconds(policy)}\n`,
  ].join('');

const unit = (policy: StreamPolicy): string =>
  [
    '[Service]\n',
    comment('files: two sockets per stream, for both replicas', ['maxStreams']),
    `LimitNOFILE=${2 * connections(policy)}\n\n`,
    comment(
      "a stop waits for the streams no longer than a replica's drain, and then cuts what is left; they resume by their cursors",
      ['drainSeconds'],
    ),
    `TimeoutStopSec=${policy.drainSeconds}\n`,
  ].join('');
