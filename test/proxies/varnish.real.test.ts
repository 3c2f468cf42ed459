import { proveBreakages, proveProxy } from './proof.ts';
import { varnishDriver } from './varnish.ts';

proveProxy(varnishDriver());

proveBreakages(varnishDriver(), [
  {
    what: 'with one answer for all',
    mutate: (text) => text.replace('return (pass);', 'return (hash);'),
    noticed: 'promptness',
  },
  {
    what: 'with compression',
    mutate: (text) =>
      text
        .replace('set beresp.do_gzip = false;', 'set beresp.do_gzip = true;')
        .replace('unset req.http.Accept-Encoding;', ''),
    noticed: 'promptness',
  },
  {
    what: 'with the whole answer first',
    mutate: (text) => text.replace('set beresp.do_stream = true;', 'set beresp.do_stream = false;'),
    noticed: 'promptness',
  },
  {
    what: 'without soft-fail',
    mutate: (text) => text.replace('set resp.status = 200;', ''),
    noticed: 'outage',
  },
  {
    what: 'with the query in its log',
    mutate: (text) => text.replace('%%m %%U', '%%m %%U%%q'),
    noticed: 'publishing',
  },
  {
    what: 'without the cursor of a client that comes back',
    mutate: (text) => text.replace('call sse_kit_deal;', 'call sse_kit_deal;\nunset req.http.Last-Event-ID;'),
    noticed: 'publishing',
  },
  {
    what: 'with an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll('.between_bytes_timeout = 3s', '.between_bytes_timeout = 500ms'),
    noticed: 'silence',
  },
]);
