import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { arrivals } from './until.ts';

/** A stream over HTTP/2 as a test sees it. */
export interface Http2TestStream {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number };
  readonly events: EventSourceMessage[];
  readonly ended: Promise<void>;
  /** Resolves once the condition holds; it is looked at after each piece that arrives. Fails when the stream ends first. */
  readonly until: (condition: () => boolean) => Promise<void>;
  /** Waits for events that are no control events, and returns their data. */
  readonly data: (count: number) => Promise<unknown[]>;
  readonly raw: ClientHttp2Stream;
}

const sessions = new Set<ClientHttp2Session>();

/** For `afterEach`. */
export function closeSessions(): void {
  for (const session of sessions) session.destroy();
  sessions.clear();
}

/** A connection that speaks HTTP/2, whoever signed the certificate. */
export function openSession(url: string): ClientHttp2Session {
  const session = connect(url, { rejectUnauthorized: false });
  session.on('error', () => {});
  sessions.add(session);
  return session;
}

/** Asks and waits for the whole answer. */
export async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<{ readonly headers: IncomingHttpHeaders & { ':status'?: number }; readonly text: string }> {
  const request = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) request.end(body);
  const answer = answerOf(request);
  let text = '';
  for await (const piece of request) text += piece;
  return { headers: await answer, text };
}

function answerOf(request: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.on('close', () => reject(new Error('the stream was closed without an answer')));
  });
}

export async function openHttp2Stream(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): Promise<Http2TestStream> {
  const request = session.request({ ':path': path, accept: 'text/event-stream', ...headers });
  const answer = await answerOf(request);
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const ended = new Promise<void>((resolve) => request.on('close', () => resolve()));
  const { look, until } = arrivals(ended, () => `the stream ended first; it had ${JSON.stringify(events)}`);
  request.on('data', (piece: Buffer) => {
    parser.feed(piece.toString());
    look();
  });
  const received = (): EventSourceMessage[] => events.filter(({ event }) => !event?.startsWith('stream:'));
  return {
    headers: answer,
    events,
    ended,
    until,
    data: async (count) => {
      await until(() => received().length >= count);
      return received().map(({ data }) => JSON.parse(data));
    },
    raw: request,
  };
}
