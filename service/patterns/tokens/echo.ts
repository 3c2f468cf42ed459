import { setTimeout as pause } from 'node:timers/promises';

/** About as fast as one reads. */
const wordMs = 50;

/** The generator to try the pattern with: says the prompt again, word by word. Put your model's stream in its place. */
export async function* echo(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of wordsOf(prompt)) {
    await pause(wordMs, undefined, { signal });
    yield word;
  }
}

/** The words of a text, each with the space behind it: put together again they are the text. */
export const wordsOf = (text: string): readonly string[] => text.split(/(?<=\s)(?=\S)/);
