import type { StreamPolicy } from '../policy/index.ts';
import { comment } from './proxies.ts';

/** A line to print, with the reason that stands above it. Without a directive it is a remark of its own. */
export interface Line {
  readonly directive?: string;
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
  readonly block?: readonly Line[];
}

/** How a proxy's files spell a directive alone, and the first and last line of a block. */
export interface Style {
  readonly indent: string;
  readonly alone: (directive: string) => string;
  readonly first: (directive: string) => string;
  readonly last: (directive: string) => string;
}

/** The lines as configuration: reasons as comments above, blank lines around what has a reason or a block. */
export function printed(lines: readonly Line[], style: Style, indent = ''): string {
  return lines
    .map((line, index) => {
      const apart = line.why !== undefined || line.block !== undefined || lines[index - 1]?.block !== undefined;
      const gap = index > 0 && apart ? '\n' : '';
      return gap + reason(line, indent) + directive(line, style, indent);
    })
    .join('');
}

function directive({ directive: text, block }: Line, style: Style, indent: string): string {
  if (text === undefined) return '';
  if (block === undefined) return `${indent}${style.alone(text)}\n`;
  const inside = printed(block, style, indent + style.indent);
  return `${indent}${style.first(text)}\n${inside}${indent}${style.last(text)}\n`;
}

const reason = ({ why, from }: Line, indent: string): string => (why === undefined ? '' : comment(why, from, indent));
