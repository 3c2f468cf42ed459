import { newer } from '../support/programs.ts';
import { caddyDriver } from './caddy.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(caddyDriver());
proveProxy(caddyDriver(newer('caddy'), 'newer caddy'));

proveBreakages(caddyDriver(), [
  {
    what: 'with compression',
    mutate: (text) =>
      text.replace('request_header @sse_kit_stream -Accept-Encoding', 'encode {\nzstd\ngzip\nminimum_length 1\n}'),
    noticed: 'promptness',
  },
  {
    what: 'without soft-fail',
    mutate: (text) => text.replace('" 200', '" 503'),
    noticed: 'outage',
  },
  {
    what: 'with the query in its log',
    mutate: (text) => text.replace('request>uri regexp \\?.* ""', ''),
    noticed: 'publishing',
  },
  {
    what: 'with an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll('read_timeout 3s', 'read_timeout 500ms'),
    noticed: 'silence',
  },
]);
