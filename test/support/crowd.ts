import { connect, type Socket } from 'node:net';

/** What a stream was told last, on one of its connections. */
export interface Goodbye {
  readonly atMs: number;
  readonly reason: string;
  readonly retryMs: number | undefined;
}

/** One of many streams: as little as a client can be, so that thousands fit into a test. */
export interface Member {
  /** Data of its events in order, over all of its connections; of what is long only how long it is. */
  readonly received: string[];
  readonly goodbyes: Goodbye[];
  /** Gaps it was told of. */
  readonly gaps: string[];
  /** Which stream it is on, by the id the service gave it. */
  readonly stream: () => string;
  /** Reads nothing from now on. */
  readonly stall: () => void;
}

interface Crowd {
  readonly members: readonly Member[];
  /** Resolves once the condition holds for all. */
  readonly all: (condition: (member: Member) => boolean) => Promise<void>;
}

const againMs = 50;
const stops = new Set<() => void>();

/** For `afterEach`: nobody comes back any more. */
export function closeCrowds(): void {
  for (const stop of stops) stop();
  stops.clear();
}

/**
 * Opens streams and resolves once all of them are open. Whoever is cut comes back by its cursor, to whichever port is
 * the right one by then. `heard` is told of each event as it arrives.
 */
export async function openCrowd(
  count: number,
  path: string,
  port: () => number,
  heard: (data: string) => void = () => {},
): Promise<Crowd> {
  const members = Array.from({ length: count }, () => join(path, port, heard));
  const all = async (condition: (member: Member) => boolean): Promise<void> => {
    while (!members.every(condition)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await all((member) => member.stream() !== '');
  return { members, all };
}

function join(path: string, port: () => number, heard: (data: string) => void): Member {
  const received: string[] = [];
  const goodbyes: Goodbye[] = [];
  const gaps: string[] = [];
  let stream = '';
  let cursor = '';
  let stopped = false;
  let socket: Socket;
  const take = (block: string): void => {
    const fields = fieldsOf(block);
    if (fields.id !== undefined) cursor = fields.id;
    if (fields.event === 'stream:open') stream = JSON.parse(fields.data ?? '{}').stream;
    else if (fields.event === 'stream:gap') gaps.push(fields.data ?? '');
    else if (fields.event === 'stream:close') {
      const retryMs = fields.retry === undefined ? undefined : Number(fields.retry);
      goodbyes.push({ atMs: performance.now(), reason: JSON.parse(fields.data ?? '{}').reason, retryMs });
    } else if (fields.data !== undefined) {
      received.push(fields.data.length > 1024 ? `${fields.data.length} characters` : fields.data);
      heard(fields.data);
    }
  };
  const open = (): void => {
    if (stopped) return;
    let rest = '';
    const resume = cursor === '' ? '' : `Last-Event-ID: ${cursor}\r\n`;
    socket = connect(port(), '127.0.0.1', () =>
      // HTTP/1.0 has no chunks: the body comes as it is
      socket.write(`GET ${path} HTTP/1.0\r\nAccept: text/event-stream\r\n${resume}\r\n`),
    );
    socket.setEncoding('utf8');
    socket.on('data', (piece: unknown) => {
      const blocks = `${rest}${String(piece)}`.replace(/^HTTP.*?\r\n\r\n/s, '').split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    });
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(open, againMs));
  };
  open();
  stops.add(() => {
    stopped = true;
    socket.destroy();
  });
  return { received, goodbyes, gaps, stream: () => stream, stall: () => void socket.pause() };
}

function fieldsOf(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}
