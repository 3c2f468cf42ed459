import { newer } from '../support/programs.ts';
import { caddyDriver } from './caddy.ts';
import { idleSeconds } from './checks/silence.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(caddyDriver());
proveProxy(caddyDriver(newer('caddy'), 'newer caddy', true));

/** A line more in how streams are passed on. */
const withLine = (line: string) => (text: string) =>
  text.replace('header_up X-SSE-Proxy-Soft-Fails 1', `header_up X-SSE-Proxy-Soft-Fails 1\n${line}`);

proveBreakages(caddyDriver(), [
  {
    what: 'a word it does not know',
    mutate: withLine('proxy_buffering off'),
    noticed: 'validity',
    says: /unrecognized subdirective proxy_buffering/,
  },
  {
    what: 'buffering on',
    mutate: withLine('buffer_responses'),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
  {
    what: 'compression on',
    mutate: (text) =>
      text.replace('request_header @sse_kit_stream -Accept-Encoding', 'encode {\nzstd\ngzip\nminimum_length 1\n}'),
    noticed: 'promptness',
    says: /content-encoding/,
  },
  {
    what: 'an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll(`read_timeout ${idleSeconds}s`, 'read_timeout 1s'),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'Last-Event-ID stripped',
    mutate: withLine('header_up -Last-Event-ID'),
    noticed: 'publishing',
    says: /what came after the Last-Event-ID: nothing/,
  },
  {
    what: 'CORS headers stripped',
    mutate: withLine('header_down -Access-Control-Allow-Origin'),
    noticed: 'publishing',
    says: /access-control-allow-origin/,
  },
  {
    what: 'the promise of soft-fails not sent to the service',
    mutate: (text) => text.replace('header_up X-SSE-Proxy-Soft-Fails 1', ''),
    noticed: 'drain',
    says: /a stream from the replica that stays: the stream ended first.*drain/,
  },
  {
    what: 'the query in the log',
    mutate: (text) => text.replace('request>uri regexp \\?.* ""', ''),
    noticed: 'publishing',
    says: /not.*secret/s,
  },
  {
    what: 'no soft-fail',
    mutate: (text) => text.replace('" 200', '" 503'),
    noticed: 'outage',
    says: /Expected.*200/s,
  },
  {
    what: 'a soft-fail that other origins cannot read',
    mutate: (text) => text.replace(/header @sse_kit_other_origin Access-Control-Allow-Origin .*/, ''),
    noticed: 'outage',
    says: /access-control-allow-origin/,
  },
  {
    what: 'no upgrades',
    mutate: (text) =>
      text.replace('import sse_kit_replicas\n\t}\n}', 'import sse_kit_replicas\nheader_up -Upgrade\n\t}\n}'),
    noticed: 'fallbacks',
    says: /a WebSocket: /,
  },
  {
    what: 'clients that leave are ignored',
    mutate: withLine('flush_interval -1'),
    noticed: 'leaving',
    says: /HTTP\/1.1: the service is told that a client has left/,
  },
]);
