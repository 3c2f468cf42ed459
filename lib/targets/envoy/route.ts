import { child, items, type Tree, textOf } from '../yaml.ts';
import { matchesRoute } from './matches.ts';
import { allOfType } from './tree.ts';

/** The way of a request: what is said of it from the outside in. What is not there is undefined. */
export interface Route {
  readonly manager?: Tree;
  readonly configuration?: Tree;
  readonly host?: Tree;
  readonly route?: Tree;
  readonly cluster?: Tree;
}

/** Where an EventSource's request for a path goes: of the connection managers and hosts, the first that sends it on. */
export function routeFor(trees: readonly Tree[], path: string): Route {
  const managers = allOfType(trees, 'HttpConnectionManager');
  const ways = [
    ...managers.flatMap((manager) =>
      configurationsOf(manager, trees).flatMap((configuration) => waysThrough(configuration, path, manager)),
    ),
    // a resource file by itself
    ...allOfType(trees, 'RouteConfiguration').flatMap((configuration) => waysThrough(configuration, path)),
  ];
  const way = ways[0] ?? { ...(managers[0] && { manager: managers[0] }) };
  const cluster = clusterOf(way.route, trees);
  return { ...way, ...(cluster && { cluster }) };
}

/** Inline, or by name from a resource file among the given ones. */
function configurationsOf(manager: Tree, trees: readonly Tree[]): readonly Tree[] {
  const inline = child(manager, 'route_config');
  if (inline) return [inline];
  const name = textOf(child(manager, 'rds', 'route_config_name'));
  return allOfType(trees, 'RouteConfiguration').filter((one) => textOf(child(one, 'name')) === name);
}

function waysThrough(configuration: Tree, path: string, manager?: Tree): readonly Route[] {
  return items(child(configuration, 'virtual_hosts')).flatMap((host) => {
    const route = takenBy(items(child(host, 'routes')), path);
    const way: Route = { ...(manager && { manager }), configuration, host };
    return route && child(route, 'route') ? [{ ...way, route }] : [];
  });
}

/** What is certain comes first; a condition that cannot be known from here may hold. */
function takenBy(routes: readonly Tree[], path: string): Tree | undefined {
  const verdicts = routes.map((route) => ({ route, verdict: matchesRoute(child(route, 'match'), path) }));
  return (verdicts.find(({ verdict }) => verdict === true) ?? verdicts.find(({ verdict }) => verdict === undefined))
    ?.route;
}

/** Of weighted clusters the first. */
function clusterOf(route: Tree | undefined, trees: readonly Tree[]): Tree | undefined {
  const action = child(route, 'route');
  const weighted = items(child(action, 'weighted_clusters', 'clusters'))[0];
  const name = textOf(child(action, 'cluster')) ?? textOf(child(weighted, 'name'));
  const clusters = [
    ...trees.flatMap((tree) => items(child(tree, 'static_resources', 'clusters'))),
    ...allOfType(trees, 'Cluster'),
  ];
  return clusters.find((one) => textOf(child(one, 'name')) === name);
}
