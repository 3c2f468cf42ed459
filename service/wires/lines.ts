import { messageOf, type Wire } from './wire.ts';

/** What a long poll collects: a line for each event and notice, its kind and id in front. JSON text has no line ends. */
export const line: Wire = {
  event: (event, id) => Buffer.from(`e${id} ${messageOf(event, id)}\n`),
  notice: ({ type, id = '', data }) => Buffer.from(`n${id} ${JSON.stringify({ type, data })}\n`),
  mark: (id) => Buffer.from(`m${id} {}\n`),
  // the answer is the only thing that is ever sent
  heartbeat: () => Buffer.alloc(0),
};

const kinds: Readonly<Record<string, Line['kind']>> = { e: 'event', n: 'notice', m: 'mark' };

export interface Line {
  readonly kind: 'event' | 'notice' | 'mark';
  /** Empty for a notice that moves no resume point. */
  readonly id: string;
  /** The event's object, or the notice's. */
  readonly json: string;
}

export function linesOf(bytes: Buffer): readonly Line[] {
  return bytes
    .toString()
    .split('\n')
    .filter((one) => one !== '')
    .map((one) => {
      const idEnd = one.indexOf(' ');
      return { kind: kinds[one[0] ?? ''] ?? 'notice', id: one.slice(1, idEnd), json: one.slice(idEnd + 1) };
    });
}
