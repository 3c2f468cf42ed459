/** One event of a stream as it stands on the wire: its lines by field, or a comment. */
export interface WireBlock {
  readonly comment?: string;
  readonly retry?: string;
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

const line = /^(?:(retry): (\d+)|(id): ([A-Za-z0-9._-]{1,128})|(event): (.{1,128})|(data): (.*)|(:.*))$/su;

/**
 * Reads a body by its bytes, stricter than any client: UTF-8, lines that end in LF alone, nothing but the fields the
 * service writes, each at most once per event and in its own order. What a payload could forge would be a line too many.
 *
 * @throws Error that quotes the line.
 */
export function readWire(bytes: Uint8Array): WireBlock[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  for (const forbidden of ['\r', '\0']) {
    if (text.includes(forbidden)) throw new Error(`the body has ${JSON.stringify(forbidden)} in it`);
  }
  if (text !== '' && !text.endsWith('\n\n'))
    throw new Error(`the body ends within an event: ${JSON.stringify(text.slice(-80))}`);
  return text.split('\n\n').slice(0, -1).map(readBlock);
}

const order = ['retry', 'id', 'event', 'data'];

function readBlock(text: string): WireBlock {
  const fields = text.split('\n').map((one) => {
    const [, ...parts] = line.exec(one) ?? [];
    const [name, value] = parts.filter((part) => part !== undefined);
    if (name === undefined) throw new Error(`no line of the service's: ${JSON.stringify(one)}`);
    return name.startsWith(':') ? (['comment', name] as const) : ([name, value ?? ''] as const);
  });
  const names = fields.map(([name]) => name);
  const inOrder = order.filter((name) => names.includes(name));
  if (names.join() !== 'comment' && names.join() !== inOrder.join())
    throw new Error(`fields that do not belong together: ${JSON.stringify(text)}`);
  return Object.fromEntries(fields);
}
