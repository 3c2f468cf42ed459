import { changesFor, examplePolicy } from '../targets/expressible.ts';
import { type EdgeId, edges } from '../targets/index.ts';
import type { Files } from '../targets/target.ts';

const ids = Object.keys(edges) as EdgeId[];

/** The file to copy of each edge, as `kubernetes.edge` calls it, for the default policy or the nearest it can express. */
export const edgeFiles = (): Files =>
  Object.fromEntries(
    ids.map((id) => {
      const edge = edges[id];
      const [text = ''] = Object.values(edge.files(examplePolicy(edge)));
      return [`${id}.yaml`, `${changesOf(id)}${text}`];
    }),
  );

/** Said on top where the default policy would be refused. */
function changesOf(id: EdgeId): string {
  const changes = Object.entries(changesFor(edges[id]));
  if (changes.length === 0) return '';
  const said = changes.map(([field, value]) => `${field} ${JSON.stringify(value)}`).join(' and ');
  return `# For the default policy, but with ${said}, as this edge asks for (docs/rules.md).\n`;
}
