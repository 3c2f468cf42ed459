import { durationCapSeconds, poolIdleSeconds, type StreamPolicy, softFailHeader } from '../../policy/index.ts';
import { comment, fileHead, titleCase } from '../proxies.ts';

/** HTTP/2 streams per connection that Varnish allows by default (h2_max_concurrent_streams). */
const usualHttp2Streams = 100;

/** Requests besides the streams: probes, publishing, the page. */
const spareRequests = 100;

/** varnishd's default. */
const pools = 2;

/** Threads of one stream: one that reads from the service, one that writes to the client, and over HTTP/2 the connection's. */
export const threadsPerStream = 3;

interface Part {
  readonly line: string;
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
}

/** Threads of all pools together. */
const threadsFor = ({ maxStreams }: StreamPolicy): number =>
  pools * Math.ceil((threadsPerStream * (maxStreams + spareRequests)) / pools);

/** The unit's drop-in: what of Varnish is not VCL. Files for -I and -p know no remarks, so the reasons stand here. */
export function varnishUnit(policy: StreamPolicy): string {
  return (
    fileHead('Streams: the part for varnish.service', [
      'Limits and parameters, which VCL cannot set. A change to them is a restart, which ends every stream.',
      'Copy it to /etc/systemd/system/varnish.service.d/sse-kit.conf',
      'Then:   systemctl daemon-reload && systemctl restart varnish',
      'Change: -s, the memory for what you cache, and -j, -T, -S if your unit has others (systemctl cat varnish).',
    ]) + service([...limits(policy), ...started(varnishd(policy))])
  );
}

const limits = (policy: StreamPolicy): readonly Part[] => [
  {
    why: 'files: two sockets per stream, and room for logs',
    from: ['maxStreams'],
    line: `LimitNOFILE=${Math.ceil(2.5 * policy.maxStreams) + 2 * spareRequests}`,
  },
  { why: 'threads, as many as the parameters below allow', line: 'TasksMax=infinity' },
];

function varnishd(policy: StreamPolicy): readonly Part[] {
  return [
    { line: '/usr/sbin/varnishd -F' },
    { line: '-j unix,user=vcache' },
    { line: '-f /etc/varnish/default.vcl' },
    { line: '-s malloc,256m' },
    { line: '-T localhost:6082 -S /etc/varnish/secret' },
    { line: '-a :80' },
    {
      why: 'where the TLS proxy hands on what it has decrypted (hitch.conf): for VCL it is the socket "tls"',
      line: '-a tls=127.0.0.1:8443,PROXY',
    },
    {
      why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: HTTP/2 carries them all on one',
      line: '-p feature=+http2',
    },
    {
      why: "streams of one browser, all its tabs together, with room for the page's own requests",
      from: ['maxStreamsPerUser'],
      line: `-p h2_max_concurrent_streams=${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + 10)}`,
    },
    {
      why: 'each stream takes three threads for as long as it lives: one reads from the service, one writes to the client, and over HTTP/2 a third one is the connection. This is the limit of streams.',
      from: ['maxStreams'],
      line: `-p thread_pools=${pools}`,
    },
    { line: `-p thread_pool_max=${threadsFor(policy) / pools}` },
    {
      why: 'new streams that may wait for a thread to be made: when all come back in the same moment, those above it find their connection closed',
      from: ['connectRatePerSecond'],
      line: `-p thread_queue_limit=${policy.connectRatePerSecond}`,
    },
    {
      why: 'idle connections are closed before the service does it, or a reconnect meets a closing socket',
      from: ['idleSeconds'],
      line: `-p backend_idle_timeout=${poolIdleSeconds(policy)}`,
    },
    {
      why: 'a proxy in front of this one has to be the first to let go of an idle connection, like this one before the service',
      from: ['keepAliveSeconds'],
      line: `-p timeout_idle=${policy.keepAliveSeconds}`,
    },
    {
      why: 'for a client that takes nothing more in',
      from: ['idleSeconds'],
      line: `-p idle_send_timeout=${policy.idleSeconds}`,
    },
    {
      why: 'a limit on the age of answers over HTTP/1.1, whatever flows, and ten minutes if nobody says more: above the age of any stream',
      from: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
      line: `-p send_timeout=${durationCapSeconds(policy)}`,
    },
    {
      why: 'WebSocket is an upgrade, and silent as a stream',
      from: ['idleSeconds'],
      line: `-p pipe_timeout=${policy.idleSeconds}`,
    },
  ];
}

/** What Linux allows a process when nobody asks for more (Documentation/admin-guide/sysctl/vm.rst). */
const usualMappings = 65_530;

/** Each thread has two: its stack, and the page that guards it (10,041 threads had 19,526). */
export const sysctlFile = (policy: StreamPolicy): string =>
  fileHead('Streams: the part for the kernel', ['Copy it to /etc/sysctl.d/sse-kit.conf', 'Then:   sysctl --system']) +
  comment(
    'two mappings of memory for each thread, and what every program may have besides; above it no thread is made, and new streams wait',
    ['maxStreams'],
  ) +
  `vm.max_map_count = ${2 * threadsFor(policy) + usualMappings}\n`;

/** The log's drop-in. A percent sign is written twice in units (systemd.unit(5), "Specifiers"). */
export function varnishncsaUnit(): string {
  const format = `%h [%{%FT%T%z}t] "%m %U" %s %b age=%T soft_fail=%{${titleCase(softFailHeader)}}o`;
  return (
    fileHead('Streams: the part for varnishncsa.service', [
      'An access log without tokens.',
      'Copy it to /etc/systemd/system/varnishncsa.service.d/sse-kit.conf',
      'Then:   systemctl daemon-reload && systemctl restart varnishncsa',
      'Change: the path of the log, and -P if your unit has another (systemctl cat varnishncsa).',
    ]) +
    service(
      started([
        { line: '/usr/bin/varnishncsa -a -D -P /run/varnishncsa/varnishncsa.pid' },
        { line: '-w /var/log/varnish/sse-kit.log' },
        {
          why: 'the path without the query: EventSource cannot set headers, so tokens travel in the query. Written when the stream ends; age is in seconds.',
          line: `-F '${format.replaceAll('%', '%%')}'`,
        },
      ]),
    )
  );
}

/** The unit's own ExecStart goes, or there would be two. */
const started = (parts: readonly Part[]): readonly Part[] => [
  { line: 'ExecStart=' },
  ...parts.map(({ line, ...reason }, index) => ({
    ...reason,
    line: `${index === 0 ? 'ExecStart=' : '    '}${line}${index < parts.length - 1 ? ' \\' : ''}`,
  })),
];

/** Remarks may stand between lines that go on (systemd.syntax(7)). */
const service = (parts: readonly Part[]): string =>
  `[Service]\n${parts
    .map(({ line, why, from }) => {
      const indent = /^ */.exec(line)?.[0] ?? '';
      return `${why === undefined ? '' : comment(why, from, indent)}${line}\n`;
    })
    .join('')}`;

/** TLS and HTTP/2 towards clients: Varnish has neither before version 9, and Hitch is its makers' answer. */
export const hitchFile = (): string =>
  fileHead('Streams: a whole hitch.conf', [
    'TLS in front of Varnish, which has none of its own before version 9. Streams pass as bytes: no timer of Hitch',
    'touches them once they are open.',
    'Check:  hitch --test --config=/etc/hitch/hitch.conf',
    'Change: the certificate, key included.',
  ]) +
  `frontend = "[*]:443"
pem-file = "/etc/hitch/sse.example.com.pem"

${comment('HTTP/2, because over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good')}alpn-protos = "h2, http/1.1"

${comment('the second -a of varnish.service, and who the client is')}backend = "[127.0.0.1]:8443"
write-proxy-v2 = on
`;
