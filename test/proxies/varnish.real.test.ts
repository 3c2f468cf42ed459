import { idleSeconds } from './checks/silence.ts';
import { proveBreakages, proveProxy } from './proof.ts';
import { varnishDriver } from './varnish.ts';

proveProxy(varnishDriver());

proveBreakages(varnishDriver(), [
  {
    what: 'one answer for all',
    mutate: (text) => text.replace('return (pass);', 'return (hash);'),
    noticed: 'promptness',
    says: /deep equality.*Array \[/s,
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
    says: /closed for good/,
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
]);
