import { idleSeconds } from './checks/silence.ts';
import { proveBreakages, proveProxy } from './proof.ts';
import { varnishDriver } from './varnish.ts';

proveProxy(varnishDriver());
proveProxy(varnishDriver('trixie', 'newer varnish'));

/** A line more where the answer is looked at. */
const withLine = (line: string) => (text: string) =>
  text.replace('set beresp.do_esi = false;', `set beresp.do_esi = false;\n${line}`);

proveBreakages(varnishDriver(), [
  {
    what: 'a word it does not know',
    mutate: withLine('set beresp.do_flush = true;'),
    noticed: 'validity',
    says: /Symbol not found: 'beresp.do_flush'/,
  },
  {
    what: 'one answer for all',
    mutate: (text) => text.replace('return (pass);', 'return (hash);'),
    noticed: 'promptness',
    says: /streamsOfTheirOwn/,
  },
  {
    what: 'compression on',
    mutate: (text) =>
      text
        .replace('set beresp.do_gzip = false;', 'set beresp.do_gzip = true;')
        .replace('unset req.http.Accept-Encoding;', ''),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
  {
    what: 'buffering on',
    mutate: (text) => text.replace('set beresp.do_stream = true;', 'set beresp.do_stream = false;'),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
  {
    what: 'no soft-fail',
    mutate: (text) => text.replace('set resp.status = 200;', ''),
    noticed: 'outage',
    says: /Expected.*200/s,
  },
  {
    what: 'the query in the log',
    mutate: (text) => text.replace('%%m %%U', '%%m %%U%%q'),
    noticed: 'publishing',
    says: /not.*secret/s,
  },
  {
    what: 'Last-Event-ID stripped',
    mutate: (text) => text.replace('call sse_kit_deal;', 'call sse_kit_deal;\nunset req.http.Last-Event-ID;'),
    noticed: 'publishing',
    says: /what came after the Last-Event-ID: nothing/,
  },
  {
    what: 'an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll(`.between_bytes_timeout = ${idleSeconds}s`, '.between_bytes_timeout = 1s'),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'a limit on age below the heartbeats of three idle timers',
    mutate: (text) => text.replace(/-p send_timeout=\d+/, '-p send_timeout=6'),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'CORS headers stripped',
    mutate: withLine('unset beresp.http.Access-Control-Allow-Origin;'),
    noticed: 'publishing',
    says: /access-control-allow-origin/,
  },
  {
    what: 'X-Accel-Buffering stripped',
    mutate: withLine('unset beresp.http.X-Accel-Buffering;'),
    noticed: 'publishing',
    says: /x-accel-buffering/,
  },
  {
    what: 'a soft-fail that other origins cannot read',
    mutate: (text) => text.replace('set resp.http.Access-Control-Allow-Origin = req.http.Origin;', ''),
    noticed: 'outage',
    says: /access-control-allow-origin/,
  },
  {
    what: 'the promise of soft-fails not sent to the service',
    mutate: (text) =>
      text.replace('X-SSE-Replica-Key), alt = bereq.retries);', '$&\nunset bereq.http.X-SSE-Proxy-Soft-Fails;'),
    noticed: 'drain',
    says: /a stream from the replica that stays: the stream ended first.*drain/,
  },
  {
    what: 'no upgrades',
    mutate: (text) => text.replace('return (pipe);', 'return (pass);'),
    noticed: 'fallbacks',
    says: /a WebSocket: /,
  },
]);
