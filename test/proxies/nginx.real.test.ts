import { newer } from '../support/programs.ts';
import { nginxDriver } from './nginx.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(nginxDriver('before 1.25.1'));
proveProxy(nginxDriver('from 1.25.1', newer('nginx'), 'newer nginx'));

proveBreakages(nginxDriver('before 1.25.1'), [
  {
    what: 'with buffering',
    mutate: (text) =>
      text.replace('proxy_buffering off;', 'proxy_buffering on;\nproxy_ignore_headers X-Accel-Buffering;'),
    noticed: 'promptness',
  },
  {
    what: 'with compression',
    mutate: (text) => text.replace('gzip off;', 'gzip on;\ngzip_types text/event-stream;'),
    noticed: 'promptness',
  },
  {
    what: 'without soft-fail',
    mutate: (text) => text.replaceAll('error_page 502 503 504 = @sse_kit_refusal;', ''),
    noticed: 'outage',
  },
  {
    what: 'with the query in its log',
    mutate: (text) => text.replace('$request_method $uri', '$request'),
    noticed: 'publishing',
  },
  {
    what: 'without the cursor of a client that comes back',
    mutate: (text) => text.replace('proxy_buffering off;', 'proxy_buffering off;\nproxy_set_header Last-Event-ID "";'),
    noticed: 'publishing',
  },
  {
    what: 'without CORS',
    mutate: (text) =>
      text.replace('proxy_buffering off;', 'proxy_buffering off;\nproxy_hide_header Access-Control-Allow-Origin;'),
    noticed: 'publishing',
  },
  {
    what: 'with an idle timer below the heartbeat',
    mutate: (text) => text.replace('proxy_read_timeout 3s;', 'proxy_read_timeout 500ms;'),
    noticed: 'silence',
  },
]);
