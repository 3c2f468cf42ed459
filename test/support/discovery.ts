import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A kind as an API server lists it. */
interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * As much of a Kubernetes API server as `kubectl apply --dry-run=client` asks for: which kinds there are, and that none
 * of the objects exists yet. It has the kinds that it is given, so that another one is refused as on any cluster.
 */
export async function startDiscovery(kinds: readonly Resource[]): Promise<{ readonly url: string; close(): void }> {
  const versions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))];
  const server = createServer(({ url = '' }, response) => {
    const path = new URL(url, 'http://x').pathname;
    const found = answers.find(({ at }) => at.test(path))?.body(path);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? missing));
  });
  const answers = [
    { at: /^\/api$/, body: () => ({ kind: 'APIVersions', versions: ['v1'] }) },
    { at: /^\/apis$/, body: () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(versions) }) },
    {
      at: /^\/(api\/v1|apis\/[^/]+\/[^/]+)$/,
      body: (path: string) => resources(path.replace(/^\/apis?\//, ''), kinds),
    },
  ];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };

function groupsOf(versions: readonly string[]): readonly object[] {
  const groups = new Set(versions.flatMap((one) => (one.includes('/') ? [one.split('/')[0]] : [])));
  return [...groups].map((name) => {
    const of = versions
      .filter((one) => one.startsWith(`${name}/`))
      .map((groupVersion) => ({ groupVersion, version: groupVersion.split('/')[1] }));
    return { name, versions: of, preferredVersion: of[0] };
  });
}

function resources(groupVersion: string, kinds: readonly Resource[]): object {
  const names = new Set(kinds.filter(({ apiVersion }) => apiVersion === groupVersion).map(({ kind }) => kind));
  return {
    kind: 'APIResourceList',
    groupVersion,
    resources: [...names].map((kind) => ({
      name: `${kind.toLowerCase()}s`,
      singularName: kind.toLowerCase(),
      namespaced: true,
      kind,
      verbs: ['create', 'get', 'patch'],
    })),
  };
}
