import { get, type IncomingMessage } from 'node:http';
import { EventSource } from 'eventsource';
import { createParser } from 'eventsource-parser';
import { controlEvents } from '../../lib/policy/index.ts';
import type { Entry, StreamRecord } from './record.ts';
import { Recorder } from './recorder.ts';

/** A client that keeps its stream open, whatever happens, and writes down what it meets. */
export interface ChaosClient {
  readonly record: StreamRecord;
  /** Resolves once an entry like this is there. */
  readonly met: (wanted: (entry: Entry) => boolean) => Promise<void>;
  readonly close: () => void;
}

export interface ClientOptions {
  readonly name: string;
  readonly url: string;
  readonly channels: readonly string[];
  /** How much longer than asked it stays away before it comes back, as a laptop does that was closed. */
  readonly awayMs: number;
}

const pathOf = (url: string, channels: readonly string[]): string =>
  `${url}/events?${channels.map((channel) => `channel=${channel}`).join('&')}`;

/** The EventSource of the package that follows the standard. */
export function openEventSource({ name, url, channels }: ClientOptions): ChaosClient {
  const recorder = new Recorder(name, channels);
  const source = new EventSource(pathOf(url, channels));
  const take = ({ type, data, lastEventId }: MessageEvent): void => recorder.message(type, String(data), lastEventId);
  for (const type of ['message', ...Object.values(controlEvents)]) source.addEventListener(type, take);
  source.addEventListener('error', ({ code, message }) => {
    if (source.readyState === source.CLOSED) recorder.fault(`closed for good: ${code} ${message}`);
    else recorder.note('ended');
  });
  return { record: recorder, met: (wanted) => recorder.met(wanted), close: () => source.close() };
}

/** A client that does what the standard says and no more: reads, remembers id and retry, comes back. */
export function openPlainClient(options: ClientOptions): ChaosClient {
  const client = new PlainClient(options);
  client.connect();
  return client;
}

/** Until a server has named its own. */
const firstRetryMs = 1000;

class PlainClient implements ChaosClient {
  readonly record: Recorder;
  readonly #path: string;
  readonly #awayMs: number;
  #retryMs = firstRetryMs;
  #id = '';
  #closed = false;
  #cut = (): void => {};
  #timer: NodeJS.Timeout | undefined;

  constructor({ name, url, channels, awayMs }: ClientOptions) {
    this.record = new Recorder(name, channels);
    this.#path = pathOf(url, channels);
    this.#awayMs = awayMs;
  }

  met(wanted: (entry: Entry) => boolean): Promise<void> {
    return this.record.met(wanted);
  }

  connect(): void {
    const cursor = this.#id === '' ? {} : { 'last-event-id': this.#id };
    const request = get(this.#path, { headers: { accept: 'text/event-stream', ...cursor }, agent: false });
    request.on('response', (response) => this.#follow(response));
    // a response that breaks is told on the request or on the response; it closes in any case
    request.on('error', () => {});
    request.on('close', () => this.#comeBack());
    this.#cut = () => request.destroy();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#cut();
  }

  #follow(response: IncomingMessage): void {
    const { statusCode, headers } = response;
    const softly = headers['x-sse-soft-fail'];
    this.record.note(softly === undefined ? 'connected' : `soft-fail ${softly}`);
    if (statusCode !== 200 || !headers['content-type']?.startsWith('text/event-stream'))
      this.record.fault(`was answered with ${statusCode} ${headers['content-type']}`);
    const parser = createParser({
      onEvent: ({ event = 'message', data, id }) => {
        this.#id = id ?? this.#id;
        this.record.message(event, data, this.#id);
      },
      onRetry: (retryMs) => {
        this.#retryMs = retryMs;
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.feed(text));
    response.on('error', () => {});
  }

  #comeBack(): void {
    if (this.#closed) return;
    this.record.note('ended');
    this.#timer = setTimeout(() => this.connect(), this.#retryMs + this.#awayMs);
  }
}
