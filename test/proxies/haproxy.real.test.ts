import { newer } from '../support/programs.ts';
import { haproxyDriver } from './haproxy.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(haproxyDriver());
proveProxy(haproxyDriver(newer('haproxy'), 'newer haproxy'));

proveBreakages(haproxyDriver(), [
  {
    what: 'without no-delay',
    mutate: (text) => text.replaceAll('option http-no-delay', ''),
    noticed: 'promptness',
  },
  {
    what: 'without soft-fail',
    mutate: (text) => text.replaceAll('http-after-response set-status 200', '# '),
    noticed: 'outage',
  },
  {
    what: 'with the query in its log',
    mutate: (text) => text.replace('%HM %HPO', '%r'),
    noticed: 'publishing',
  },
  {
    what: 'with an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll('timeout server 3s', 'timeout server 500ms'),
    noticed: 'silence',
  },
]);
