import { newer } from '../support/programs.ts';
import { idleSeconds } from './checks/silence.ts';
import { nginxDriver } from './nginx.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(nginxDriver('before 1.25.1'));
proveProxy(nginxDriver('from 1.25.1', newer('nginx'), 'newer nginx'));

/** A line more in the location of the stream. */
const withLine = (line: string) => (text: string) => text.replace('gzip off;', `gzip off;\n${line}`);

proveBreakages(nginxDriver('before 1.25.1'), [
  {
    what: 'a word it does not know',
    mutate: withLine('http2 on;'),
    noticed: 'validity',
    says: /unknown directive "http2"/,
  },
  {
    what: 'buffering on',
    mutate: (text) =>
      text.replace('proxy_buffering off;', 'proxy_buffering on;\nproxy_ignore_headers X-Accel-Buffering;'),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
  {
    what: 'compression on',
    mutate: (text) => text.replace('gzip off;', 'gzip on;\ngzip_types text/event-stream;'),
    noticed: 'promptness',
    says: /content-encoding/,
  },
  {
    what: 'an idle timer below the heartbeat',
    mutate: (text) => text.replace(`proxy_read_timeout ${idleSeconds}s;`, 'proxy_read_timeout 1s;'),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'no idle timer to speak of',
    mutate: (text) => text.replace(`proxy_read_timeout ${idleSeconds}s;`, 'proxy_read_timeout 1h;'),
    noticed: 'silence',
    says: /the end of a silent stream: nothing/,
  },
  {
    what: 'Last-Event-ID stripped',
    mutate: withLine('proxy_set_header Last-Event-ID "";'),
    noticed: 'publishing',
    says: /what came after the Last-Event-ID: nothing/,
  },
  {
    what: 'CORS headers stripped',
    mutate: withLine('proxy_hide_header Access-Control-Allow-Origin;'),
    noticed: 'publishing',
    says: /access-control-allow-origin/,
  },
  {
    what: 'X-Accel-Buffering stripped',
    mutate: (text) => text.replace('proxy_pass_header X-Accel-Buffering;', ''),
    noticed: 'publishing',
    says: /x-accel-buffering/,
  },
  {
    what: 'the promise of soft-fails not sent to the service',
    mutate: (text) => text.replace('proxy_set_header X-SSE-Proxy-Soft-Fails 1;', ''),
    noticed: 'drain',
    says: /a stream from the replica that stays: the stream ended first.*drain/,
  },
  {
    what: 'the query in the log',
    mutate: (text) => text.replace('$request_method $uri', '$request'),
    noticed: 'publishing',
    says: /not.*secret/s,
  },
  {
    what: 'no soft-fail',
    mutate: (text) => text.replaceAll(/error_page .* = @sse_kit_refusal;/g, ''),
    noticed: 'outage',
    says: /Expected.*200/s,
  },
  {
    what: 'a soft-fail that other origins cannot read',
    mutate: (text) => text.replace('add_header Access-Control-Allow-Origin $http_origin always;', ''),
    noticed: 'outage',
    says: /access-control-allow-origin/,
  },
  {
    what: 'no upgrades',
    mutate: (text) => text.replace('proxy_set_header Upgrade $http_upgrade;', ''),
    noticed: 'fallbacks',
    says: /a WebSocket: /,
  },
  {
    what: 'clients that leave are ignored',
    mutate: withLine('proxy_ignore_client_abort on;'),
    noticed: 'leaving',
    says: /HTTP\/1.1: the service is told that a client has left/,
  },
  {
    what: 'streams cut soon after a reload',
    mutate: (text) => text.replace(/worker_shutdown_timeout \d+s;/, 'worker_shutdown_timeout 50ms;'),
    noticed: 'reload',
    says: /"stream"/,
  },
  {
    what: 'too few connections',
    mutate: (text) => text.replace(/worker_connections \d+;/, 'worker_connections 1000;'),
    noticed: 'crowd',
    says: /a stream of the crowd was closed|ECONNRESET|nothing within/,
  },
]);
