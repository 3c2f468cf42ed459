import { at, type Manifest } from '../edge/manifest.ts';
import { itemsAt } from '../edge/routes.ts';
import { type Tree, treeOf } from '../yaml.ts';

/*
 * What Traefik's providers for Kubernetes make of manifests: its resources (traefik/traefik:pkg/provider/kubernetes/crd,
 * v3.7) and Ingresses with annotations (pkg/provider/kubernetes/ingress). Other manifests may stand beside them.
 */

const prefix = 'traefik.ingress.kubernetes.io/';

type Kind = 'routers' | 'services' | 'middlewares' | 'serversTransports';

/** One thing under `http`. */
interface Thing {
  readonly kind: Kind;
  readonly name: string;
  readonly value: object;
  readonly from: Manifest;
}

/** The same as a dynamic part. What is named nowhere is named as Traefik names it: `namespace-name`. */
export function dynamicPart(manifests: readonly Manifest[]): Tree {
  const things = manifests.flatMap((manifest) => makers[manifest.kind]?.(manifest, manifests) ?? []);
  const kinds = ['routers', 'services', 'middlewares', 'serversTransports'] as const;
  const entries = kinds.map((kind): readonly [string, Tree] => [
    kind,
    {
      at: 'manifests',
      entries: things
        .filter((thing) => thing.kind === kind)
        .map(({ name, value, from }) => [name, treeOf(value, `${from.kind} ${from.metadata.name}`)]),
    },
  ]);
  return { at: 'manifests', entries: [['http', { at: 'manifests', entries }]] };
}

const makers: Readonly<Record<string, (manifest: Manifest, all: readonly Manifest[]) => readonly Thing[]>> = {
  IngressRoute: ingressRoute,
  TraefikService: traefikService,
  Middleware: middleware,
  ServersTransport: (from) => [{ kind: 'serversTransports', name: idOf(from), value: from.spec ?? {}, from }],
  Ingress: ingress,
};

const namespaceOf = ({ metadata }: Manifest): string => metadata.namespace ?? 'default';

const idOf = (manifest: Manifest): string => `${namespaceOf(manifest)}-${manifest.metadata.name}`;

/** Resources of the same provider by their ids; `name@provider` is left as it is for others. */
function reference(from: Manifest, name: unknown, namespace: unknown = namespaceOf(from)): string {
  const text = String(name);
  return text.includes('@') ? ofResource(text) : `${String(namespace)}-${text}`;
}

/** Annotations name resources by id and provider. */
const ofResource = (text: string): string => text.replace(/@kubernetescrd$/, '');

const references = (from: Manifest, value: unknown): readonly string[] =>
  itemsAt(value, 'middlewares').map((one) => reference(from, at(one, 'name'), at(one, 'namespace')));

function ingressRoute(from: Manifest): readonly Thing[] {
  return itemsAt(from.spec, 'routes').flatMap((route, index) => {
    const name = `${idOf(from)}-${index}`;
    const [service, more] = together(from, name, itemsAt(route, 'services'));
    const router = {
      rule: at(route, 'match'),
      priority: at(route, 'priority'),
      entryPoints: at(from.spec, 'entryPoints'),
      respondingTimeouts: at(route, 'respondingTimeouts'),
      observability: at(route, 'observability'),
      middlewares: references(from, route),
      service,
    };
    return [{ kind: 'routers', name, value: said(router), from }, ...more];
  });
}

/** What a route or a TraefikService refers to: a service of Traefik, or a balancer over the pods of one of Kubernetes. */
function serviceOf(from: Manifest, name: string, spec: unknown): readonly [name: string, things: readonly Thing[]] {
  if (at(spec, 'kind') === 'TraefikService') return [reference(from, at(spec, 'name'), at(spec, 'namespace')), []];
  const transport = at(spec, 'serversTransport');
  const loadBalancer = said({
    strategy: at(spec, 'strategy'),
    sticky: at(spec, 'sticky'),
    serversTransport: transport === undefined ? undefined : reference(from, transport),
  });
  return [name, [{ kind: 'services', name, value: { loadBalancer }, from }]];
}

/** Several services share the requests by their weights. */
const together = (from: Manifest, name: string, specs: readonly unknown[]): readonly [string, readonly Thing[]] =>
  specs.length > 1 ? [name, weighted(from, name, specs)] : serviceOf(from, name, specs[0]);

function weighted(from: Manifest, name: string, specs: readonly unknown[]): readonly Thing[] {
  const made = specs.map((spec, index) => serviceOf(from, `${name}-${index}`, spec));
  const services = made.map(([one]) => ({ name: one }));
  return [{ kind: 'services', name, value: { weighted: { services } }, from }, ...made.flatMap(([, things]) => things)];
}

function traefikService(from: Manifest): readonly Thing[] {
  const name = idOf(from);
  const { weighted: shares, mirroring, failover } = from.spec ?? {};
  if (shares) return weighted(from, name, itemsAt(shares, 'services'));
  const [service, things] = serviceOf(from, `${name}-main`, mirroring ?? at(failover, 'service'));
  const value = mirroring
    ? { mirroring: { service } }
    : { failover: said({ service, errors: at(failover, 'errors') }) };
  return [{ kind: 'services', name, value, from }, ...things];
}

/** Middlewares name others as resources do; the rest of them is the same as in a file. */
function middleware(from: Manifest): readonly Thing[] {
  const { chain, errors, ...rest } = from.spec ?? {};
  const value = said({
    ...rest,
    chain: chain && { middlewares: references(from, chain) },
    errors: errors && { ...errors, service: reference(from, at(errors, 'service', 'name')) },
  });
  return [{ kind: 'middlewares', name: idOf(from), value, from }];
}

/** A router for each path. Middlewares are annotations of the Ingress, the rest those of the Service behind. */
function ingress(from: Manifest, all: readonly Manifest[]): readonly Thing[] {
  const own = (key: string): string | undefined => from.metadata.annotations?.[`${prefix}router.${key}`];
  return pathsOf(from).flatMap(({ rule, backend }, index) => {
    const name = `${idOf(from)}-${index}`;
    const services = all.filter(({ kind }) => kind === 'Service');
    const service = backend === undefined ? services[0] : services.find(({ metadata }) => metadata.name === backend);
    const router = {
      rule,
      service: name,
      priority: own('priority'),
      entryPoints: own('entrypoints')?.split(','),
      middlewares: own('middlewares')
        ?.split(',')
        .map((one) => ofResource(one.trim())),
    };
    return [
      { kind: 'routers', name, value: said(router), from },
      { kind: 'services', name, value: { loadBalancer: annotated(service) }, from: service ?? from },
    ];
  });
}

const matchers: Readonly<Record<string, string>> = { Exact: 'Path', Prefix: 'PathPrefix' };

function pathsOf(from: Manifest): readonly { readonly rule: string; readonly backend?: string }[] {
  const ownMatcher = from.metadata.annotations?.[`${prefix}router.pathmatcher`] ?? 'PathPrefix';
  const paths = itemsAt(from.spec, 'rules').flatMap((rule) => {
    const host = at(rule, 'host');
    return itemsAt(rule, 'http', 'paths').map((path) => {
      const matcher = matchers[String(at(path, 'pathType'))] ?? ownMatcher;
      const parts = [
        host === undefined ? [] : `Host(\`${String(host)}\`)`,
        `${matcher}(\`${String(at(path, 'path') ?? '/')}\`)`,
      ];
      return { rule: parts.flat().join(' && '), backend: String(at(path, 'backend', 'service', 'name')) };
    });
  });
  return paths.length > 0 ? paths : [{ rule: 'PathPrefix(`/`)' }];
}

function annotated(service: Manifest | undefined): object {
  const value = (key: string): string | undefined => service?.metadata.annotations?.[`${prefix}service.${key}`];
  const transport = value('serverstransport');
  return said({
    serversTransport: transport && ofResource(transport),
    sticky:
      value('sticky.cookie') === 'true'
        ? { cookie: said({ name: value('sticky.cookie.name'), maxAge: value('sticky.cookie.maxage') }) }
        : undefined,
  });
}

/** Without what is not said. */
const said = (value: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
