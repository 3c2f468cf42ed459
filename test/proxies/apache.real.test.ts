import { apacheDriver } from './apache.ts';
import { proveBreakages, proveProxy } from './proof.ts';

proveProxy(apacheDriver());

proveBreakages(apacheDriver(), [
  {
    what: 'with compression',
    mutate: (text) =>
      text
        .replace(
          'LoadModule ssl_module',
          'LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so\nLoadModule ssl_module',
        )
        .replace('SetEnv no-gzip 1', 'SetOutputFilter DEFLATE'),
    noticed: 'promptness',
  },
  {
    what: 'without soft-fail',
    mutate: (text) => text.replaceAll('ErrorDocument ', '# '),
    noticed: 'outage',
  },
  {
    what: 'with the query in its log',
    mutate: (text) => text.replace('%m %U', '%r'),
    noticed: 'publishing',
  },
]);
