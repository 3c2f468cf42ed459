import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { get as getSecurely } from 'node:https';
import { PassThrough, type Readable } from 'node:stream';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { newer } from './programs.ts';
import { arrivals } from './until.ts';

/** A stream as a test sees it: everything that arrived, and ways to wait for more. */
export interface TestStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Dispatched events, control events included, in order. */
  readonly events: EventSourceMessage[];
  readonly comments: string[];
  readonly retries: number[];
  /** The body as it came. */
  readonly text: () => string;
  readonly bytes: () => Buffer;
  readonly ended: Promise<void>;
  /** Resolves once the condition holds; it is looked at after each piece that arrives. */
  readonly until: (condition: () => boolean) => Promise<void>;
  /** Waits for an event of a type. */
  readonly event: (type: string) => Promise<EventSourceMessage>;
  /** Waits until this many events that are no control events have arrived, and returns their data. */
  readonly data: (count: number) => Promise<unknown[]>;
  readonly pause: () => void;
  readonly close: () => void;
}

const open = new Set<() => void>();

/** For `afterEach`. */
export function closeStreams(): void {
  for (const close of open) close();
  open.clear();
}

export function openStream(url: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const ask = url.startsWith('https:') ? getSecurely : get;
  const options = { headers: { accept: 'text/event-stream', ...headers }, agent: false, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = ask(url, options, (response) =>
      resolve(follow(response, response.statusCode ?? 0, response.headers)),
    );
    request.on('error', reject);
    open.add(() => request.destroy());
  });
}

/** The same over HTTP/2: over TLS by ALPN, over plain TCP by prior knowledge. */
export function openHttp2Stream(url: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const session: ClientHttp2Session = connect(origin, { rejectUnauthorized: false });
    session.on('error', reject);
    open.add(() => session.destroy());
    const request = session.request({ ':path': pathname + search, accept: 'text/event-stream', ...headers });
    request.on('response', (answer) => resolve(follow(request, Number(answer[':status']), answer)));
    request.on('error', reject);
    request.on('close', () => session.close());
  });
}

/** A program that is killed says no goodbye over QUIC; one that cannot write any more does, with the next heartbeat. */
const goodbyeMs = 10_000;

/** The same over HTTP/3, by a program that speaks it. */
export function openHttp3Stream(url: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const all = Object.entries({ accept: 'text/event-stream', ...headers }).map(([name, value]) => `${name}: ${value}`);
  const args = ['-sikN', '--http3-only', ...all.flatMap((header) => ['-H', header]), url];
  const curl = spawn(newer('curl'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const leave = (): void => {
    curl.stdout.destroy();
    setTimeout(() => curl.kill(), goodbyeMs).unref();
  };
  open.add(leave);
  const body = new PassThrough().on('close', leave);
  return new Promise((resolve, reject) => {
    let head = '';
    curl.stdout.on('data', function read(piece: Buffer) {
      head += piece.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      curl.stdout.off('data', read).pipe(body);
      body.write(Buffer.from(head.slice(end + 4), 'latin1'));
      resolve(follow(body, Number(head.split(' ')[1]), headersOf(head.slice(0, end + 2))));
    });
    curl.on('error', reject);
    curl.on('exit', (code) => reject(new Error(`curl ended with ${code} before it had an answer`)));
  });
}

const headersOf = (text: string): IncomingHttpHeaders =>
  Object.fromEntries(
    [...text.matchAll(/^([^:\s]+): (.*)\r$/gm)].map(([, name = '', value]) => [name.toLowerCase(), value]),
  );

const isData = ({ event }: EventSourceMessage): boolean => !event?.startsWith('stream:');

function follow(response: Readable, status: number, headers: IncomingHttpHeaders): TestStream {
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  const pieces: Buffer[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (retry) => retries.push(retry),
  });
  // a character may be split between two pieces
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const ended = new Promise<void>((resolve) => response.on('close', () => resolve()));
  const { look, until } = arrivals(ended, () => `the stream ended first; it had ${JSON.stringify(events)}`);
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    parser.feed(decoder.decode(piece, { stream: true }));
    look();
  });
  response.on('error', () => {});
  return {
    status,
    headers,
    events,
    comments,
    retries,
    text: () => Buffer.concat(pieces).toString(),
    bytes: () => Buffer.concat(pieces),
    ended,
    until,
    event: async (type) => {
      await until(() => events.some(({ event }) => event === type));
      return events.find(({ event }) => event === type) as EventSourceMessage;
    },
    data: async (count) => {
      await until(() => events.filter(isData).length >= count);
      return events.filter(isData).map(({ data }) => JSON.parse(data));
    },
    pause: () => response.pause(),
    close: () => response.destroy(),
  };
}

/** The headers of a client that comes back after this event. */
export const resumeFrom = (id: string | undefined): Record<string, string> => ({ 'last-event-id': id ?? '' });
