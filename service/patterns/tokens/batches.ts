import { setTimeout as pause } from 'node:timers/promises';

/** Pieces of text that come within this long travel together: a fast generator must not flood its readers. */
export const batchMs = 20;
/** Characters in one piece at most; six bytes each at worst, as JSON has it. */
export const batchCharacters = 1024;

/**
 * A generator's text in fewer, larger pieces. The next piece is asked for while one is gathered, and no further ahead:
 * whoever takes long over a batch slows the generator down. Ends at once when the signal does, whatever the generator
 * is waiting for.
 *
 * @throws whatever the generator throws, and the signal's reason.
 */
export async function* batches(texts: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string, void> {
  const source = texts[Symbol.asyncIterator]();
  const ended = whenAborted(signal);
  const ahead = (): Promise<IteratorResult<string>> => quiet(Promise.race([source.next(), ended]));
  try {
    for (let coming = ahead(), first = await coming; !first.done; first = await coming) {
      let text = first.value;
      const due = pause(batchMs, 'due' as const);
      coming = ahead();
      while (text.length < batchCharacters) {
        // what fails does so in its turn, after the text that came before
        const next = await Promise.race([coming, due]).catch(() => 'failed' as const);
        if (typeof next === 'string' || next.done) break;
        text += next.value;
        coming = ahead();
      }
      yield* portionsOf(text);
    }
  } finally {
    // not waited for: it may be stuck in what it was waiting for
    void quiet(Promise.resolve(source.return?.()));
  }
}

/** Never splits a character that takes two places. */
function* portionsOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = from + batchCharacters;
    const splits = isHighSurrogate(text.charCodeAt(end - 1)) && end < text.length;
    yield text.slice(from, splits ? end - 1 : end);
    from = splits ? end - 1 : end;
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return quiet(
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  );
}

/** A failure that nobody waits for yet is met when somebody does. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
