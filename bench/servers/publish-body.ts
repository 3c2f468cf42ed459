import type { IncomingMessage } from 'node:http';

/** What a publish carries to any of the servers: `{ "data" }`, or an array of them. */
export type PublishBody = { readonly data: unknown } | readonly { readonly data: unknown }[];

/** The events of a publish, as JSON text. */
export const textsOf = (body: PublishBody): readonly string[] =>
  (Array.isArray(body) ? body : [body]).map(({ data }) => JSON.stringify(data));

/** The body of a request, parsed. */
export async function readBody(request: IncomingMessage): Promise<PublishBody> {
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

/** The channel in `/events?channel=…` or `/channels/…/events`. */
export function channelOf(url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://bench');
  return searchParams.get('channel') ?? pathname.split('/')[2] ?? '';
}

/** The streams of a channel, made when first asked for. */
export function streamsOf<T>(channels: Map<string, Set<T>>, channel: string): Set<T> {
  const known = channels.get(channel);
  if (known) return known;
  const streams = new Set<T>();
  channels.set(channel, streams);
  return streams;
}

/** How every Node peer listens: as the service does, so that no accept queue or idle timer makes a difference. */
export const listenOptions = { host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 };
export const keepAliveMs = 130_000;
export const heartbeatMs = 30_000;
