import { WebSocket } from 'ws';
import { arrivals } from './until.ts';

/** A message as it came. Those without a channel are the service's own. */
export interface Message {
  readonly id?: string;
  readonly channel?: string;
  readonly type: string;
  readonly data: unknown;
}

/** A WebSocket as a test sees it: everything that arrived, and ways to wait for more. */
export interface TestSocket {
  readonly messages: Message[];
  readonly socket: WebSocket;
  readonly pings: () => number;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly message: (type: string) => Promise<Message>;
  /** Waits until this many events have arrived, and returns their data. */
  readonly data: (count: number) => Promise<unknown[]>;
}

const open = new Set<WebSocket>();

/** For `afterEach`. */
export function closeSockets(): void {
  for (const socket of open) socket.terminate();
  open.clear();
}

/** The status and body of the answer that refused the upgrade. */
export class Refused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;

  constructor(status: number, headers: Readonly<Record<string, unknown>>, body: string) {
    super(`${status} ${body}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** Resolves after the handshake. @throws Refused */
export function openSocket(url: string, headers: Readonly<Record<string, string>> = {}): Promise<TestSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, rejectUnauthorized: false });
  open.add(socket);
  const client = follow(socket);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(client));
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (piece) => {
        body += piece;
      });
      response.on('end', () => reject(new Refused(response.statusCode ?? 0, response.headers, body)));
    });
  });
}

function follow(socket: WebSocket): TestSocket {
  const messages: Message[] = [];
  let pings = 0;
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  const { look, until } = arrivals(closed, () => `the socket closed first; it had ${JSON.stringify(messages)}`);
  socket.on('message', (text: Buffer) => {
    messages.push(JSON.parse(text.toString()));
    look();
  });
  socket.on('ping', () => {
    pings++;
    look();
  });
  const events = (): Message[] => messages.filter(({ channel }) => channel !== undefined);
  return {
    messages,
    socket,
    pings: () => pings,
    closed,
    until,
    message: async (type) => {
      await until(() => messages.some((one) => one.type === type));
      return messages.find((one) => one.type === type) as Message;
    },
    data: async (count) => {
      await until(() => events().length >= count);
      return events().map(({ data }) => data);
    },
  };
}
