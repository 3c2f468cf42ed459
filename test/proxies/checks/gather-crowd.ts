import { connect, type Socket } from 'node:net';

/** Many streams at once, as sockets and text: five thousand parsers would measure themselves. */
export interface Crowd {
  /** Resolves when every one of them has this text. */
  readonly all: (text: string) => Promise<void>;
  /** How often each of them has this text. */
  readonly counts: (text: string) => readonly number[];
  readonly close: () => void;
}

interface Member {
  readonly socket: Socket;
  text: string;
}

/** So many are on their way at the same time: a listen queue is finite. */
const atOnce = 200;

export async function gatherCrowd(url: string, count: number): Promise<Crowd> {
  const members: Member[] = [];
  let look: () => void = () => {};
  let pending = false;
  // one look for all that arrives in the same moment
  const heard = (): void => {
    if (pending) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      look();
    });
  };
  for (let opened = 0; opened < count; opened += atOnce) {
    const next = Array.from({ length: Math.min(atOnce, count - opened) }, () => join(url, heard));
    members.push(...(await Promise.all(next)));
  }
  const all = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const waiting = new Set(members);
      look = () => {
        for (const member of waiting) if (member.text.includes(text)) waiting.delete(member);
        if (waiting.size === 0) resolve();
      };
      look();
    });
  return {
    all,
    counts: (text) => members.map((member) => member.text.split(text).length - 1),
    close: () => {
      for (const { socket } of members) socket.destroy();
    },
  };
}

/** Resolves once the stream is open, rejects with what came instead. */
function join(url: string, heard: () => void): Promise<Member> {
  const { hostname, port, pathname, search, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const member: Member = { socket, text: '' };
    socket.setEncoding('utf8');
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    socket.on('data', (piece: string) => {
      member.text += piece;
      if (member.text.includes('event: stream:open')) resolve(member);
      heard();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`a stream of the crowd was closed; it had: ${member.text}`)));
  });
}
