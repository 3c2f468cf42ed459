import { composeFiles } from '../compose/compose.ts';
import { configSchema } from '../config/schema.ts';
import { observabilityFiles } from '../observability/files.ts';
import { definePolicy } from '../policy/index.ts';
import { apache, caddy, cloudflare, cloudfront, envoy, haproxy, nginx, traefik, varnish } from '../targets/index.ts';
import { configPage } from './config-page.ts';
import { costPage } from './cost-page.ts';
import { edgeFiles } from './edge-files.ts';
import { migrationPage } from './migration-page.ts';
import { withPolicyTable } from './policy-table.ts';
import { rulesPage } from './rules-page.ts';

/**
 * The committed files that are rendered, by their path in the repository. They show the default policy: what the
 * checked-in configuration says is a matter of `sse-kit render`.
 *
 * @param readme The text of README.md, whose policy table is one of them when its markers are there.
 */
export function deliverables(readme = ''): Readonly<Record<string, string>> {
  const withTable = withPolicyTable(readme);
  return {
    ...inFolder('nginx', nginx.files(definePolicy())),
    ...inFolder('proxies/haproxy', haproxy.files(definePolicy())),
    ...inFolder('proxies/caddy', caddy.files(definePolicy())),
    ...inFolder('proxies/apache', apache.files(definePolicy())),
    ...inFolder('proxies/envoy', envoy.files(definePolicy())),
    ...inFolder('proxies/varnish', varnish.files(definePolicy())),
    ...inFolder('proxies/traefik', traefik.files(definePolicy())),
    ...inFolder('proxies/cloudflare', cloudflare.files(definePolicy())),
    ...inFolder('proxies/cloudfront', cloudfront.files(definePolicy())),
    ...composeFiles(definePolicy()),
    ...inFolder('k8s/edges', edgeFiles()),
    ...inFolder('k8s/observability', observabilityFiles(definePolicy())),
    'docs/rules.md': rulesPage(),
    'docs/configuration.md': configPage(),
    'docs/cost-aws.md': costPage(),
    'docs/migrating-from-ingress-nginx.md': migrationPage(),
    'sse-kit.schema.json': `${JSON.stringify(configSchema(), undefined, 2)}\n`,
    ...(withTable !== undefined && { 'README.md': withTable }),
  };
}

const inFolder = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
