/** Waiting for what arrives piece by piece. */
export interface Arrivals {
  /** Something has arrived: whoever waits looks again. */
  readonly look: () => void;
  /** Resolves once the condition holds; fails with the complaint when it is all over first. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

export function arrivals(over: Promise<unknown>, complaint: () => string): Arrivals {
  const waiting = new Set<() => void>();
  return {
    look: () => {
      for (const check of [...waiting]) check();
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        void over.then(() => reject(new Error(complaint())));
        check();
      }),
  };
}
