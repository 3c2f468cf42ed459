import { definePolicy, oldestStreamSeconds } from '../policy/index.ts';
import type { Edge } from '../targets/edge/edge.ts';
import type { Successor } from '../targets/edge/migration.ts';
import { changesFor, examplePolicy } from '../targets/expressible.ts';
import { edges } from '../targets/index.ts';

/** docs/migrating-from-ingress-nginx.md: for each other edge, what each annotation became and what is lost. */
export function migrationPage(): string {
  const others = Object.entries(edges).filter(([name]) => name !== 'ingress-nginx');
  return `${[head, table(overview(others)), steps, ...others.flatMap(([name, edge]) => section(name, edge))].join('\n\n')}\n`;
}

const head = `# Migrating from ingress-nginx

<!-- Rendered by \`npm run render\` from the edges in lib/targets. Change the tables there, not this page. -->

ingress-nginx is retired: best-effort maintenance ended in March 2026, and no flaw is mended any more. Another edge is one
word in \`sse-kit.config.json\`, \`kubernetes.edge\`; this page says what becomes of the annotations beside it.`;

type Named = readonly (readonly [name: string, edge: Edge])[];

const overview = (others: Named): readonly (readonly string[])[] => [
  ['`kubernetes.edge`', 'is made of', 'cookie for stickiness', 'needs', 'of the annotations, lost'],
  ...others.map(([name, edge]) => [
    `[\`${name}\`](#${name})`,
    [...new Set(edge.render(examplePolicy(edge)).manifests.map(({ kind }) => kind))].join(', '),
    'as' in edge.coverage.stickiness ? 'yes' : 'no',
    edge.minimumVersions.map(({ of, version }) => `${of} ${version}`).join(', '),
    String(answers(edge, 'lost').length),
  ]),
];

const everybody = oldestStreamSeconds(definePolicy());

const steps = `## Without anybody noticing

1. Install the new controller beside the old one, and set what belongs to the controller itself: it stands with each edge
   below.
2. Keep the old way in under another name. It is the Ingress that is called as \`kubernetes.name\` says, and an edge that is
   an Ingress too would take its place:
   \`kubectl get ingress sse-kit -o json | jq '.metadata.name += "-old" | del(.status, .metadata.uid, .metadata.resourceVersion)' | kubectl create -f -\`
3. Let both in: \`kubernetes.networkPolicies.from\` with the namespaces of both controllers. By default it is only that of
   the edge.
4. Set \`kubernetes.edge\`, then \`npx cdk8s synth -p | kubectl apply -f -\`.
5. Try the new address before anybody else does, and see events come one by one:
   \`curl -N --resolve sse.example.com:443:<address> -H 'Authorization: Bearer …' 'https://sse.example.com/events?channel=…'\`
6. Move the DNS name. Streams stay where they are and come back through the new edge when they end, all of them within
   their age (${everybody} s by default), without loss: any replica can resume any stream.
7. Remove the old Ingress, the old controller, and what was set in step 3. Objects that a former edge needed and the new
   one does not are not removed by \`apply\`.`;

function section(name: string, edge: Edge): readonly string[] {
  const controller = edge.controller(examplePolicy(edge));
  return [
    `## ${name}`,
    `${edge.title}. ${wants(edge)}${edge.minimumVersions.map(({ of, version, because }) => `Needs ${of} ${version}: ${because}.`).join(' ')} What is made, each line with its reason: [k8s/edges/${name}.yaml](../k8s/edges/${name}.yaml), or \`npx sse-kit render ${edge.id}\` for your own policy.`,
    table([['annotation', 'became'], ...answers(edge, 'now')]),
    ...listed('Not needed any more:', answers(edge, 'unneeded')),
    ...listed('Lost:', answers(edge, 'lost')),
    ...listed(
      'Set once, for the whole controller:',
      controller.map(({ key, value, why }) => [`\`${key}: ${value}\``, why]),
    ),
  ];
}

/** What the default policy has to be changed in first. */
function wants(edge: Edge): string {
  const changes = Object.entries(changesFor(edge)).map(([field, value]) => `\`"${field}": ${JSON.stringify(value)}\``);
  return changes.length === 0 ? '' : `Wants ${changes.join(' and ')} in the policy, see [its limits](rules.md). `;
}

const listed = (title: string, entries: readonly (readonly string[])[]): readonly string[] =>
  entries.length === 0 ? [] : [title, entries.map(([what, why]) => `- ${what}: ${why}`).join('\n')];

type Kind = 'now' | 'unneeded' | 'lost';

const answers = ({ migration }: Edge, kind: Kind): readonly (readonly [annotation: string, answer: string])[] =>
  Object.entries<Successor>(migration).flatMap(([annotation, successor]) =>
    kind in successor
      ? [[`\`${annotation}\``, (successor as Readonly<Record<string, string>>)[kind] ?? ''] as const]
      : [],
  );

/** A bar inside a cell would end it. */
const table = ([titles = [], ...rows]: readonly (readonly string[])[]): string =>
  [titles, titles.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
