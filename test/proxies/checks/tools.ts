import { Client } from '../../support/event-source.ts';
import { publish } from '../../support/service.ts';
import { openHttp2Stream, openHttp3Stream, openStream, type TestStream } from '../../support/stream.ts';
import type { Way } from '../driver.ts';
import type { Stage } from '../stage.ts';

/** What was measured, by what it is about: for those who look closer, and not for the table. */
export type Figures = Readonly<Record<string, number>>;

export const urlOf = ({ proxy, channel }: Stage): string => `${proxy.url}/events?channel=${channel}`;

/** Opens a stream by one of the ways in. */
export function openBy(
  { url, http2, http3 }: Way,
  path: string,
  headers?: Record<string, string>,
): Promise<TestStream> {
  const open = http3 ? openHttp3Stream : http2 ? openHttp2Stream : openStream;
  return open(url + path, headers);
}

const ends = new Set<() => void>();

/** What has to end with the check, however that goes. */
export const cleanUp = (end: () => void): void => void ends.add(end);

/** For `afterEach`. */
export function endCheck(): void {
  for (const end of ends) end();
  ends.clear();
}

/** What does not come in time is a finding too, and has to be told by its name. */
export function inTime<T>(coming: Promise<T>, what: string, seconds = 5): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} seconds`)), seconds * 1000);
    coming.then(resolve, (error) => reject(new Error(`${what}: ${error.message}`))).finally(() => clearTimeout(timer));
  });
}

export async function openClient(url: string): Promise<Client> {
  const client = await Client.open(url);
  cleanUp(() => client.close());
  return client;
}

/** Publishes numbers one after the other until told to stop, and says how many were accepted. */
export function keepPublishing(url: string, channel: string): { readonly stop: () => Promise<number> } {
  let next = 0;
  let stopped = false;
  cleanUp(() => {
    stopped = true;
  });
  const publishing = (async () => {
    while (!stopped) await publish(url, channel, { data: { number: next++, at: performance.now() } });
  })();
  return {
    stop: async () => {
      stopped = true;
      await publishing;
      return next;
    },
  };
}
