import { StoreUnavailable } from './broker.ts';

/** What the store says, and what that means to whoever asked. The first that matches counts. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/^OOM /, 'the event store is full'],
  [
    /^(READONLY|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|NOREPLICAS|MISCONF) /,
    'the event store cannot do this right now',
  ],
  [/^(WRONGTYPE|NOPERM|NOAUTH|WRONGPASS) /, 'the event store refuses this'],
  // sent, and then nothing: the answer was lost, or is still to come
  [
    /timed out|Connection is closed|Command aborted|Socket (closed|timeout)|no beat/,
    'the event store did not answer; what was asked for may have happened all the same',
  ],
];

/** Whatever went wrong with the store, the caller is told the same: try again later. `tell` hears what the store said. */
export async function available<T>(answer: Promise<T>, tell?: (error: Error) => void): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    tell?.(error as Error);
    throw new StoreUnavailable(error, meaningOf(error));
  }
}

function meaningOf(error: unknown): string {
  const { message } = error as Error;
  return meanings.find(([pattern]) => pattern.test(message))?.[1] ?? 'the event store cannot be reached';
}
