import type { StreamPolicy } from '../policy/index.ts';

/** What the files of all proxies have in common: the head, reasons above lines, and names of headers. */

const width = 100;

/** The first lines of a file to copy: what it is, what to do with it, and where its numbers come from. */
export function fileHead(title: string, lines: readonly string[]): string {
  const bar = `# ${'-'.repeat(70)}`;
  const provenance = ['Rendered from the stream policy by `npm run render`; change the policy, not the numbers here.'];
  return `${[bar, `# | ${title}`, bar, '#', ...[...lines, '', ...provenance].map((line) => `# ${line}`.trimEnd()), ''].join('\n')}\n`;
}

/** A reason, with the policy fields that a number comes from, as comment lines. Line breaks in it are kept. */
export function comment(why: string, from: readonly (keyof StreamPolicy)[] = [], indent = ''): string {
  const origin = from.length > 0 ? ` (${from.join(', ')})` : '';
  return (why + origin)
    .split('\n')
    .flatMap((paragraph) => wrap(paragraph, width - indent.replaceAll('\t', '    ').length - 2))
    .map((text) => `${`${indent}# ${text}`.trimEnd()}\n`)
    .join('');
}

function wrap(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    const longer = lines[last] === '' ? word : `${lines[last]} ${word}`;
    if (longer.length <= columns || lines[last] === '') lines[last] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Header names as people write them in configuration: X-SSE-Soft-Fail. */
export function titleCase(header: string): string {
  return header
    .split('-')
    .map((part) => (part === 'sse' ? 'SSE' : part.charAt(0).toUpperCase() + part.slice(1)))
    .join('-');
}

/**
 * Why refusals go to pages of every origin. Chromium closes for good: third_party/blink/renderer/modules/eventsource/
 * event_source.cc, DidFail on an access check. The other answers are the service's, with CORS_ORIGINS.
 */
export const mayBeReadByAnyPage =
  'a page of another origin has to be allowed to read it, or its EventSource closes for good. Whichever page that is: all it can learn is when to come back.';

/**
 * Linux gives one address 28,232 ephemeral ports towards one replica (net.ipv4.ip_local_port_range 32768 to 60999), and
 * a proxy takes one for every stream. A few are left for other requests.
 */
export const portsPerReplica = 28_000;
