import { createServer } from 'node:http';
import { startService } from '../../support/service.ts';
import { openStream } from '../../support/stream.ts';
import type { Mutation, ProxyDriver } from '../driver.ts';
import { policy } from '../stage.ts';
import { cleanUp, type Figures, inTime } from './tools.ts';

/** The idle timer of the rendered files here: for breakages that change it. */
export const idleSeconds = 4;
const heartbeatSeconds = 2;

/** A stream of heartbeats alone outlives three idle timers, and one of silence does not outlive its first. */
export async function silence(driver: ProxyDriver, mutate?: Mutation): Promise<Figures> {
  const quick = { ...policy, idleSeconds };
  const beating = await startService({ ...policy, heartbeatSeconds, maxStreams: 1000 });
  const port = Number(new URL(beating.url).port);
  const silent = await startSilentReplica();
  cleanUp(silent.close);
  const [first, second] = await Promise.all([
    driver.start([port, port], quick, mutate),
    driver.start([silent.port, silent.port], quick, mutate),
  ]);
  const quiet = await openStream(`${first.url}/events?channel=quiet`);
  const mute = await openStream(`${second.url}/events?channel=mute`);
  const began = performance.now();
  const cutAfter = inTime(mute.ended, 'the end of a silent stream', 4 * idleSeconds).then(
    () => (performance.now() - began) / 1000,
  );
  const [seconds] = await Promise.all([
    cutAfter,
    inTime(
      quiet.until(() => quiet.comments.length * heartbeatSeconds > 3 * idleSeconds),
      'heartbeats for three idle timers',
      6 * idleSeconds,
    ),
  ]);

  expect(quiet.events.map(({ event }) => event)).toEqual(['stream:open']);
  expect(seconds).toBeGreaterThan(idleSeconds - 1);
  expect(seconds).toBeLessThan(2 * idleSeconds + 1);
  return { 'a silent stream was cut after (s), with an idle timer of 4 s': seconds };
}

/** Healthy, and says nothing after the head of a stream. */
function startSilentReplica(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
    if (request.url?.startsWith('/events')) response.write(': here\n\n');
    else response.end();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ port: typeof address === 'object' && address ? address.port : 0, close });
    });
  });
}
