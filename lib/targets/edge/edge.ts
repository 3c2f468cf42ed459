import type { Hop, PolicyRule, StreamPolicy } from '../../policy/index.ts';
import { fileHead } from '../proxies.ts';
import type { Setting } from '../settings.ts';
import { type Coverage, defineTarget, type Target } from '../target.ts';
import type { Manifest } from './manifest.ts';
import type { Migration } from './migration.ts';
import { type Mapping, plain, yaml } from './tree.ts';

/** Where an edge is put to work: names and addresses, which no policy knows. */
export interface EdgePlace {
  /** Name of every object, and of the Service the streams go to. */
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly host: string;
  /** Secret with the certificate for `host`. @default - plain HTTP */
  readonly tlsSecret?: string | undefined;
  /** Port of the Service. */
  readonly port: number;
  /** How a Service finds the pods. @default - as the Service of the chart does */
  readonly pods?: Pods | undefined;
  /** IngressClass or GatewayClass. @default - what the edge's own documentation calls it */
  readonly className?: string | undefined;
  /** A Gateway that is there already. @default - edges of the Gateway API make one of their own */
  readonly gateway?: { readonly name: string; readonly namespace?: string | undefined } | undefined;
}

export interface Pods {
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
  /** Also the name of the Service's port, by which some edges know that the pods speak TLS. */
  readonly scheme: 'http' | 'https';
}

/** The place in the files to copy. */
export const examplePlace: EdgePlace = {
  name: 'sse-kit',
  host: 'sse.example.com',
  tlsSecret: 'sse-example-com-tls',
  port: 80,
};

/**
 * Everything about the streams' way through the edge: Ingress or routes, policies, and of the Service of the place only
 * what the edge reads there (its annotations).
 */
export interface EdgeConfig {
  readonly manifests: readonly Manifest[];
}

/** Below which version something that is rendered would be ignored. */
export interface MinimumVersion {
  readonly of: string;
  readonly version: string;
  readonly because: string;
}

/** What a controller accepts in an annotation; what it does not, it ignores in silence. */
export interface Grammar {
  readonly accepts: RegExp;
  /** In words: `whole seconds, without a unit`. */
  readonly says: string;
  /** Where the controller parses it: repository, path, version. */
  readonly source: string;
}

export interface EdgeTraits {
  readonly minimumVersions: readonly MinimumVersion[];
  /** By annotation; every annotation that is rendered has its own. */
  readonly grammar: Readonly<Record<string, Grammar>>;
  /** Settings of the controller that no manifest reaches, and what they should be. */
  readonly controller: (policy: StreamPolicy) => readonly Setting[];
  /** What became of the annotations of ingress-nginx. */
  readonly migration: Migration;
}

/** A way into a cluster: policy → manifests → hop. */
export interface Edge extends Target<EdgeConfig>, EdgeTraits {
  /** The manifests for one place. The Service of the place has annotations only, for whoever makes it. @throws PolicyError */
  readonly manifestsFor: (policy: StreamPolicy, place: EdgePlace) => readonly Manifest[];
}

export interface EdgeBody extends EdgeTraits {
  readonly id: string;
  readonly title: string;
  readonly coverage: Coverage;
  readonly limits: readonly PolicyRule[];
  readonly manifests: (policy: StreamPolicy, place: EdgePlace) => readonly Mapping[];
  readonly read: (config: EdgeConfig) => Hop;
}

/** Completes an edge: its file to copy, and its limits in front of everything that renders. */
export function defineEdge({ manifests, ...body }: EdgeBody): Edge {
  const manifestsFor = (policy: StreamPolicy, place: EdgePlace): readonly Manifest[] =>
    manifests(policy, place).map((tree) => plain(tree) as Manifest);
  const target = defineTarget<EdgeConfig>({
    ...body,
    render: (policy) => ({ manifests: manifestsFor(policy, examplePlace) }),
    files: (policy) => ({ [`${body.id}.yaml`]: edgeFile(body, policy, manifests(policy, examplePlace)) }),
  });
  return {
    ...body,
    ...target,
    manifestsFor: (policy, place) => {
      // judges the limits
      target.render(policy);
      return manifestsFor(policy, place);
    },
  };
}

type Described = Omit<EdgeBody, 'manifests'>;

function edgeFile(edge: Described, policy: StreamPolicy, trees: readonly Mapping[]): string {
  const versions = edge.minimumVersions.map(({ of, version, because }) => `Needs ${of} ${version}: ${because}.`);
  const controller = edge.controller(policy);
  const beyond = controller.flatMap(({ key, value, why }) => ['', `  ${key}: ${JSON.stringify(value)}`, `  ${why}`]);
  const head = fileHead(`${edge.title}: streams into a cluster`, [
    ...versions,
    ...(beyond.length > 0 ? ['', 'What no manifest reaches, and belongs to the whole controller:', ...beyond] : []),
  ]);
  return `${head}${trees.map((tree) => yaml(tree)).join('---\n')}`;
}
