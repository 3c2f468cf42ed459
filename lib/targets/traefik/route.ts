import { child, items, type Tree, textOf } from '../yaml.ts';
import { matchesRule } from './rules.ts';

/** The way of a request: the router that takes it, and what it leads through. */
export interface Route {
  readonly router?: Tree;
  readonly entryPoints: readonly Tree[];
  /** In the order of the chain, those of the entry points first, chains resolved. */
  readonly middlewares: readonly Tree[];
  readonly balancer?: Tree;
  readonly transport?: Tree;
  /** Services that a request is repeated to when one fails, each with the statuses that count as that. */
  readonly failovers: readonly Tree[];
}

/** Where an EventSource's request for a path goes. Without a static part all entry points are unknown. */
export function routeFor(trees: readonly Tree[], path: string): Route {
  const router = routerFor(trees, path);
  const names = items(child(router, 'entryPoints')).map(textOf);
  const all = entriesOf(trees, 'entryPoints');
  const entryPoints = all
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([, entryPoint]) => entryPoint);
  const named = [
    ...entryPoints.flatMap((one) => items(child(one, 'http', 'middlewares'))),
    ...items(child(router, 'middlewares')),
  ].map((one) => textOf(one) ?? '');
  const services = servicesOf(trees, textOf(child(router, 'service')));
  const balancer = child(services.at(-1), 'loadBalancer');
  const transport =
    lookUp(trees, 'serversTransports', textOf(child(balancer, 'serversTransport'))) ?? defaultTransport(trees);
  return {
    entryPoints,
    middlewares: named.flatMap((name) => resolved(trees, name)),
    failovers: services.map((service) => child(service, 'failover')).filter((one) => one !== undefined),
    ...(router && { router }),
    ...(balancer && { balancer }),
    ...(transport && { transport }),
  };
}

/** Named things of the dynamic part stand under `http`, those of the static part at the top. */
export const entriesOf = (trees: readonly Tree[], ...path: readonly string[]): readonly (readonly [string, Tree])[] =>
  trees.flatMap((tree) => child(tree, ...path)?.entries ?? []);

/** By name, with or without the provider: `retry@file`. */
export function lookUp(trees: readonly Tree[], kind: string, name: string | undefined): Tree | undefined {
  const wanted = name?.replace(/@file$/, '');
  return entriesOf(trees, 'http', kind).find(([given]) => given === wanted)?.[1];
}

const defaultTransport = (trees: readonly Tree[]): Tree | undefined =>
  trees.map((tree) => child(tree, 'serversTransport')).find((one) => one !== undefined);

/** The highest priority that certainly fits, else the highest that may: by itself a router's is the length of its rule. */
function routerFor(trees: readonly Tree[], path: string): Tree | undefined {
  const candidates = entriesOf(trees, 'http', 'routers')
    .map(([, router]) => ({ router, rule: textOf(child(router, 'rule')) ?? '' }))
    .filter(({ router }) => !textOf(child(router, 'service'))?.endsWith('@internal'))
    .map(({ router, rule }) => ({
      router,
      verdict: matchesRule(rule, path),
      priority: Number(textOf(child(router, 'priority')) ?? 0) || rule.length,
    }))
    .sort((a, b) => b.priority - a.priority);
  return (candidates.find(({ verdict }) => verdict === true) ?? candidates.find(({ verdict }) => verdict === undefined))
    ?.router;
}

function resolved(trees: readonly Tree[], name: string, inside: readonly string[] = []): readonly Tree[] {
  const middleware = lookUp(trees, 'middlewares', name);
  if (middleware === undefined || inside.includes(name)) return [];
  const chain = items(child(middleware, 'chain', 'middlewares')).map((one) => textOf(one) ?? '');
  return chain.length > 0 ? chain.flatMap((one) => resolved(trees, one, [...inside, name])) : [middleware];
}

/** Services of services, outermost first: the first of those with a weight, and the main one of a mirror or a failover. */
function servicesOf(trees: readonly Tree[], name: string | undefined, inside: readonly string[] = []): readonly Tree[] {
  const service = lookUp(trees, 'services', name);
  if (name === undefined || service === undefined || inside.includes(name)) return [];
  const next =
    textOf(child(items(child(service, 'weighted', 'services'))[0], 'name')) ??
    textOf(child(service, 'mirroring', 'service')) ??
    textOf(child(service, 'failover', 'service'));
  return [service, ...servicesOf(trees, next, [...inside, name])];
}
