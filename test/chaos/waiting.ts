import { setTimeout as wait } from 'node:timers/promises';

/** Time as a part of the load or of a fault; nothing is ever awaited this way. A signal cuts it short. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, signal && { signal }).catch(() => {});

const patienceMs = 60_000;

/** Asks until the answer is yes. @throws Error when it is still no after a minute. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const ends = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > ends) throw new Error(`after ${patienceMs} ms it still does not hold that ${what}`);
    await pause(50);
  }
}

/** @throws Error when the promise takes longer. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
