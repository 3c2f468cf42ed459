import cluster from 'node:cluster';
import type { ServiceApp } from './app.ts';
import type { ServiceSettings } from './settings.ts';
import { isMessage } from './workers/messages.ts';

/** What is left after the drain has this long to close, before the process exits all the same. */
export const closeMs = 3000;

/**
 * SIGTERM hands the streams over; Ctrl-C does so at once; a second signal does not wait. A worker is told by its primary,
 * and hears the signal too where a whole group of processes is signalled: for it once is enough. Returns whether the
 * process is stopping.
 */
export function stopOnSignals({ app, drain }: ServiceApp, { policy }: ServiceSettings): () => boolean {
  let stopping = false;
  const stop = async (windowMs: number): Promise<void> => {
    if (stopping && cluster.isWorker) return;
    if (stopping) process.exit(1);
    stopping = true;
    // counts on nothing: a store that does not answer, or a client that does not go, delays no exit
    setTimeout(() => process.exit(0), windowMs + closeMs);
    await drain(windowMs);
    await app.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop(policy.drainSeconds * 1000));
  process.on('SIGINT', () => void stop(0));
  if (cluster.isWorker) {
    process.on('message', (message) => {
      if (isMessage(message) && message.kind === 'stop') void stop(message.windowMs);
    });
  }
  return () => stopping;
}
