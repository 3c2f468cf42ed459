import type { Fact } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { isVcl } from './program.ts';

/** One place of a command line, in a unit or wherever else it is written down. */
interface Found {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** What is said outside of VCL: parameters of varnishd, and the format of varnishncsa. */
export interface Commands {
  /** The last `-p name=…`, else Varnish's default. */
  readonly parameter: <T>(name: string, otherwise: string, value: (text: string) => T) => Fact<T>;
  readonly http2: boolean;
  /** Absent where no access log is written. */
  readonly logFormat?: Fact<string>;
}

/** varnishncsa(1): without -F the format of NCSA, which has the whole request line. */
const usualFormat = '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"';

export function commandsOf(files: Files): Commands {
  // a drop-in takes the place of the unit's own command, so it counts after it
  const others = Object.entries(files)
    .filter(([name, text]) => !isVcl(name, text) && !name.endsWith('.md'))
    .sort(([, one], [, other]) => Number(isDropIn(one)) - Number(isDropIn(other)));
  const find = (pattern: RegExp): readonly Found[] => others.flatMap(([file, text]) => all(pattern, text, file));
  const parameters = find(/(?<=\s-p ?)\w+=[^\s"']+/g);
  const logs = others.filter(([, text]) => /varnishncsa /.test(withoutRemarks(text)));
  return {
    parameter: (name, otherwise, value) => {
      const found = parameters.findLast(({ text }) => text.startsWith(`${name}=`));
      if (found === undefined) return { value: value(otherwise), setting: `${name}=${otherwise} (default)` };
      return { value: value(found.text.slice(name.length + 1)), setting: `-p ${found.text}`, at: at(found) };
    },
    http2: parameters.some(({ text }) => /^feature=.*\+http2\b/.test(text)),
    ...(logs.length > 0 && { logFormat: formatOf(logs.at(-1) as [string, string]) }),
  };
}

const at = ({ file, line }: Found): string => `${file}:${line}`;

const isDropIn = (text: string): boolean => /^ExecStart=\s*$/m.test(text);

/** Remarks become blanks, so that what is left keeps its place. */
const withoutRemarks = (text: string): string => text.replace(/^\s*[#;].*$/gm, (remark) => ' '.repeat(remark.length));

function all(pattern: RegExp, text: string, file: string): readonly Found[] {
  const read = withoutRemarks(text);
  return [...read.matchAll(pattern)].map((match) => ({
    text: match[0],
    file,
    line: read.slice(0, match.index).split('\n').length,
  }));
}

function formatOf([file, text]: readonly [string, string]): Fact<string> {
  const [found] = all(/(?<=\s-F ?)(?:'[^']*'|"(?:\\.|[^"\\])*"|\S+)/g, text, file);
  if (found === undefined) return { value: usualFormat, setting: 'varnishncsa without -F (default)' };
  // units write percent signs twice
  const value = found.text.replace(/^['"]|['"]$/g, '').replaceAll('%%', '%');
  return { value, setting: `varnishncsa -F '${value}'`, at: at(found) };
}
