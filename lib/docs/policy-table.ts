import { defaults, type Field, fieldNames, fields } from '../policy/index.ts';

const begin = '<!-- policy-table:begin -->';
const end = '<!-- policy-table:end -->';

/** The policy fields as a Markdown table. */
export function policyTable(): string {
  const rows = fieldNames.map((name) => {
    const cells = [`\`${name}\``, `\`${JSON.stringify(defaults[name])}\``, rangeOf(fields[name]), fields[name].meaning];
    // a bar inside a cell would end it
    return cells.map((cell) => cell.replaceAll('|', '\\|'));
  });
  return [['field', 'default', 'range, unit', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function rangeOf(field: Field): string {
  if (field.kind === 'stickiness') return '`"none"` or `{ "cookie", "seconds" }`';
  const { minimum, maximum, unit } = field;
  return `${minimum} to ${maximum}${unit === 'fraction' ? '' : ` ${unit}`}`;
}

/** The text with the table between its markers brought up to date; `undefined` when it has no markers. */
export function withPolicyTable(text: string): string | undefined {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return undefined;
  return `${text.slice(0, from + begin.length)}\n${policyTable()}\n${text.slice(to)}`;
}
