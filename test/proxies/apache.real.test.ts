import { apacheDriver } from './apache.ts';
import { idleSeconds } from './checks/silence.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(apacheDriver());

/** A line more in the location of the stream. */
const withLine = (line: string) => (text: string) => text.replace('SetEnv no-gzip 1', `SetEnv no-gzip 1\n${line}`);

/** A module more. */
const withModule = (name: string, text: string): string =>
  text.replace(
    'LoadModule ssl_module',
    `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\nLoadModule ssl_module`,
  );

/** There is no buffering to switch on: what is proxied is flushed, through mod_buffer too. */
proveBreakages(apacheDriver(), [
  {
    what: 'a word it does not know',
    mutate: withLine('ProxyBuffering Off'),
    noticed: 'validity',
    says: /Invalid command 'ProxyBuffering'/,
  },
  {
    what: 'compression on',
    mutate: (text) => withModule('deflate', text.replace('SetEnv no-gzip 1', 'SetOutputFilter DEFLATE')),
    noticed: 'promptness',
    says: /content-encoding/,
  },
  {
    what: 'an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll(` timeout=${idleSeconds} `, ' timeout=1 '),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'Last-Event-ID stripped',
    mutate: withLine('RequestHeader unset Last-Event-ID'),
    noticed: 'publishing',
    says: /what came after the Last-Event-ID: nothing/,
  },
  {
    what: 'CORS headers stripped',
    mutate: withLine('Header unset Access-Control-Allow-Origin'),
    noticed: 'publishing',
    says: /access-control-allow-origin/,
  },
  {
    what: 'the query in the log',
    mutate: (text) => text.replace('%m %U', '%r'),
    noticed: 'publishing',
    says: /not.*secret/s,
  },
  {
    what: 'no soft-fail',
    mutate: (text) => text.replaceAll('ErrorDocument ', '# '),
    noticed: 'outage',
    says: /Expected.*200/s,
  },
  {
    what: 'a soft-fail that other origins cannot read',
    mutate: (text) => text.replace(/Header always set Access-Control-Allow-Origin .*/, ''),
    noticed: 'outage',
    says: /access-control-allow-origin/,
  },
  {
    what: 'no upgrades',
    mutate: (text) => text.replaceAll('upgrade=websocket', ''),
    noticed: 'fallbacks',
    says: /a WebSocket: /,
  },
]);
