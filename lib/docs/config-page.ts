import { configSchema } from '../config/schema.ts';

/** As much of JSON Schema as the schema of the configuration uses. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** docs/configuration.md: every key of sse-kit.config.json but the policy's, by section. */
export function configPage(): string {
  const { properties = {} } = configSchema() as Node;
  const sections = Object.entries(properties).filter(([name]) => !['$schema', 'policy'].includes(name));
  return `${[head, ...sections.flatMap(([name, node]) => section(name, node))].join('\n\n')}\n`;
}

const head = `# Configuration

<!-- Rendered by \`npm run render\` from lib/config/sections. Change the sections there, not this page. -->

Every key of \`sse-kit.config.json\` is optional. Unknown keys and wrong values are reported all at once, each with what
would be accepted. The section \`policy\` has a table of its own in the README. Editors complete all of it by
\`"$schema": "./sse-kit.schema.json"\`.`;

function section(name: string, node: Node): readonly string[] {
  const rows = Object.entries(node.properties ?? {}).flatMap(([key, inner]) => rowsOf(key, inner));
  const table = [['key', 'default', 'meaning'], ['---', '---', '---'], ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  return [`## \`${name}\``, `${capital(node.description ?? '')}.`, table.join('\n')];
}

/** A row for a key; for a group of keys, a row for each of them. */
function rowsOf(path: string, node: Node): readonly (readonly string[])[] {
  if (node.properties !== undefined)
    return Object.entries(node.properties).flatMap(([key, inner]) => rowsOf(`${path}.${key}`, inner));
  const listed = node.items?.properties;
  const choices = node.enum ?? node.items?.enum;
  const meaning = [
    node.description ?? '',
    ...(choices ? [`one of ${choices.map((one) => code(one)).join(', ')}`] : []),
    ...(listed
      ? [
          `each of ${Object.keys(listed)
            .map((key) => `\`${key}\``)
            .join(', ')}`,
        ]
      : []),
  ].join('; ');
  // a bar inside a cell would end it
  return [[`\`${path}\``, node.default === undefined ? '' : code(node.default), meaning.replaceAll('|', '\\|')]];
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
