import { setTimeout as pause } from 'node:timers/promises';
import { batchCharacters, batches } from '../../../service/patterns/tokens/batches.ts';
import { echo, wordsOf } from '../../../service/patterns/tokens/echo.ts';

const never = new AbortController().signal;

async function* texts(...parts: string[]): AsyncGenerator<string> {
  yield* parts;
}

async function all(source: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const text of source) found.push(text);
  return found;
}

test('what comes at once travels together', async () => {
  expect(await all(batches(texts('a ', 'b ', 'c'), never))).toEqual(['a b c']);
});

test('what comes later travels by itself, without waiting for more', async () => {
  async function* slow(): AsyncGenerator<string> {
    yield 'a ';
    await pause(200);
    yield 'b';
  }
  expect(await all(batches(slow(), never))).toEqual(['a ', 'b']);
});

test('a text without an end in sight is cut, and never inside a character', async () => {
  const long = `x${'🙂'.repeat(batchCharacters)}`;
  const parts = await all(batches(texts(long), never));
  expect(parts.join('')).toBe(long);
  // half a character does not survive UTF-8
  expect(parts.filter((part) => part.length > batchCharacters || Buffer.from(part).toString() !== part)).toEqual([]);
});

test('many small pieces make no batch that is too large', async () => {
  const parts = await all(batches(texts(...Array<string>(1000).fill('1234567')), never));
  expect(parts.join('')).toBe('1234567'.repeat(1000));
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(batchCharacters);
});

test('nothing is asked for far ahead of a reader that takes its time', async () => {
  let asked = 0;
  async function* counted(): AsyncGenerator<string> {
    for (;;) {
      asked++;
      yield 'x'.repeat(batchCharacters);
    }
  }
  const reader = batches(counted(), never);
  await reader.next();
  await pause(50);
  expect(asked).toBeLessThanOrEqual(2);
  await reader.return();
});

test('what a generator said before it failed is handed on first', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield 'said';
    throw new Error('model gone');
  }
  const reader = batches(failing(), never);
  expect(await reader.next()).toEqual({ value: 'said', done: false });
  await expect(reader.next()).rejects.toThrow('model gone');
});

test('an aborted one ends at once, though its generator hears nothing', async () => {
  async function* deaf(): AsyncGenerator<string> {
    yield 'said';
    await new Promise(() => {});
  }
  const abort = new AbortController();
  const reader = batches(deaf(), abort.signal);
  await reader.next();
  const next = reader.next();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('the example says every word of its prompt, and stops when it is told to', async () => {
  const prompt = ' two  words\n';
  expect(wordsOf(prompt).join('')).toBe(prompt);
  expect((await all(echo(prompt, never))).join('')).toBe(prompt);
  await expect(all(echo(prompt, AbortSignal.abort()))).rejects.toThrow('aborted');
});
