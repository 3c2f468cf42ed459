import { createHash } from 'node:crypto';
import { StoreUnavailable } from '../../../service/broker/broker.ts';
import type { Pattern } from '../../../service/patterns/patterns.ts';
import { answerLimits, type Generate } from '../../../service/patterns/tokens/answers.ts';
import { tokens } from '../../../service/patterns/tokens/tokens.ts';
import { type RunningService, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream, resumeFrom, type TestStream } from '../../support/stream.ts';
import { as, ask, believing } from './support.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** A generator that says a word when the test does. */
class Prompter {
  aborted = false;
  readonly #words: string[] = [];
  #wake = (): void => {};
  #over: 'open' | 'ended' | Error = 'open';

  readonly generate: Generate = async function* (this: Prompter, _prompt: string, signal: AbortSignal) {
    signal.addEventListener('abort', () => {
      this.aborted = true;
    });
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) yield word;
      else if (this.#over instanceof Error) throw this.#over;
      else if (this.#over === 'ended') return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }.bind(this);

  say(...words: string[]): void {
    this.#words.push(...words);
    this.#wake();
  }

  end(how: 'ended' | Error = 'ended'): void {
    this.#over = how;
    this.#wake();
  }
}

const start = (pattern: Pattern): Promise<RunningService> => startService({}, {}, [believing, pattern]);

const prompted = async (limits = answerLimits): Promise<{ url: string; prompter: Prompter }> => {
  const prompter = new Prompter();
  const { url } = await start((app, service) => tokens(app, service, prompter.generate, limits));
  return { url, prompter };
};

interface Begun {
  readonly answer: string;
  readonly channel: string;
  readonly cursor: string;
}

async function begin(url: string, headers: Record<string, string> = {}, prompt = 'say'): Promise<Begun> {
  const { status, body } = await ask('POST', `${url}/answers`, { body: { prompt }, headers });
  expect(status).toBe(202);
  return body as unknown as Begun;
}

const follow = (url: string, { channel, cursor }: Begun, headers: Record<string, string> = {}): Promise<TestStream> =>
  openStream(`${url}/events?channel=${channel}`, { ...resumeFrom(cursor), ...headers });

/** The text as it stands on a stream. */
const textOf = ({ events }: TestStream): string =>
  events
    .filter(({ event }) => event === 'token')
    .map(({ data }) => (JSON.parse(data) as { text: string }).text)
    .join('');

const says = async (stream: TestStream, text: string): Promise<void> => stream.until(() => textOf(stream) === text);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('an answer comes word by word, from its beginning, and ends with what proves it whole', async () => {
  const { url, prompter } = await prompted();
  const begun = await begin(url);
  expect(begun.channel).toBe(`answer:${begun.answer}`);
  prompter.say('Once ');
  // late on purpose: the cursor has the beginning
  const stream = await follow(url, begun);
  await says(stream, 'Once ');
  prompter.say('upon ');
  await says(stream, 'Once upon ');
  prompter.say('a time');
  prompter.end();
  expect(JSON.parse((await stream.event('done')).data)).toEqual({
    answer: begun.answer,
    events: 3,
    length: 16,
    sha256: sha256('Once upon a time'),
  });
  expect(textOf(stream)).toBe('Once upon a time');
  const tokensOf = stream.events.filter(({ event }) => event === 'token').map(({ data }) => JSON.parse(data));
  expect(tokensOf.map(({ answer, i }) => [answer, i])).toEqual([0, 1, 2].map((i) => [begun.answer, i]));
});

test('a reader that is cut off in the middle gets exactly the words that are left, though nobody read them', async () => {
  const { url, prompter } = await prompted();
  const begun = await begin(url);
  const stream = await follow(url, begun);
  prompter.say('one ');
  await says(stream, 'one ');
  const last = stream.events.at(-1)?.id;
  stream.close();
  prompter.say('two ');
  const other = await follow(url, begun);
  await says(other, 'one two ');
  prompter.say('three');
  const back = await openStream(`${url}/events?channel=${begun.channel}`, resumeFrom(last));
  await says(back, 'two three');
  prompter.end();
  await Promise.all([back.event('done'), other.event('done')]);
  expect(textOf(back)).toBe('two three');
});

test('the example that is switched on by its name answers with the prompt', async () => {
  const { url } = await startService({}, { patterns: ['tokens'] });
  const stream = await follow(url, await begin(url, {}, 'Hello, you\nthere'));
  await stream.event('done');
  expect(textOf(stream)).toBe('Hello, you\nthere');
});

test('a user’s answers come on the channel that is theirs anyway', async () => {
  const { url, prompter } = await prompted();
  const begun = await begin(url, as('ada'));
  expect(begun.channel).toBe('user:ada');
  const stream = await follow(url, begun, as('ada'));
  prompter.end();
  expect(JSON.parse((await stream.event('done')).data)).toMatchObject({ answer: begun.answer, length: 0 });
});

describe('an answer is cancelled', () => {
  test('from another connection: the generator is told, and so is every reader', async () => {
    const { url, prompter } = await prompted();
    const begun = await begin(url, as('ada'));
    const stream = await follow(url, begun, as('ada'));
    prompter.say('one ');
    await says(stream, 'one ');
    expect(await ask('DELETE', `${url}/answers/${begun.answer}`, { headers: as('ada') })).toMatchObject({
      status: 202,
    });
    expect(JSON.parse((await stream.event('cancelled')).data)).toEqual({ answer: begun.answer, events: 1, length: 4 });
    expect(prompter.aborted).toBe(true);
    prompter.say('never');
    // a second time, or when it is over, changes nothing
    expect(await ask('DELETE', `${url}/answers/${begun.answer}`, { headers: as('ada') })).toMatchObject({
      status: 202,
    });
    await begin(url, as('ada'));
    await stream.until(() => stream.events.filter(({ event }) => event === 'started').length === 1);
    expect(textOf(stream)).toBe('one ');
  });

  test('by its own user or an administrator, and nobody else', async () => {
    const { url, prompter } = await prompted();
    const begun = await begin(url, as('ada'));
    const stream = await follow(url, begun, as('ada'));
    await ask('DELETE', `${url}/answers/${begun.answer}`, { headers: as('bob', { publish: ['*'] }) });
    prompter.say('still ');
    await says(stream, 'still ');
    await ask('DELETE', `${url}/answers/${begun.answer}`, { headers: as('root', { admin: true }) });
    await stream.event('cancelled');
  });
});

describe('an answer that fails says so', () => {
  const endOf = async (url: string, begun: Begun): Promise<unknown> =>
    JSON.parse((await (await follow(url, begun)).event('failed')).data);

  test('when the generator throws, and never why', async () => {
    const { url, prompter } = await prompted();
    const begun = await begin(url);
    prompter.say('one ');
    prompter.end(new Error('key sk-123 is not valid'));
    const end = await endOf(url, begun);
    expect(end).toEqual({ answer: begun.answer, events: 1, length: 4, reason: 'generator' });
  });

  test('when it takes too long', async () => {
    const { url, prompter } = await prompted({ ...answerLimits, longestMs: 50 });
    expect(await endOf(url, await begin(url))).toMatchObject({ reason: 'too-long' });
    expect(prompter.aborted).toBe(true);
  });

  test('when it becomes too much', async () => {
    const { url, prompter } = await prompted({ ...answerLimits, mostCharacters: 10 });
    const begun = await begin(url);
    prompter.say('x'.repeat(11));
    expect(await endOf(url, begun)).toMatchObject({ events: 0, reason: 'too-long' });
  });
});

test('an answer outlives a store that is away for a while, and says nothing twice', async () => {
  let failures = 0;
  const prompter = new Prompter();
  const { url } = await start((app, service) => {
    const publishing = service.broker.publish.bind(service.broker);
    jest.spyOn(service.broker, 'publish').mockImplementation(async (channel, drafts, once) => {
      const published = await publishing(channel, drafts, once);
      // it has happened, but nobody is told
      if (drafts[0]?.type === 'token' && failures++ < 2) throw new StoreUnavailable(new Error('away'));
      return published;
    });
    tokens(app, service, prompter.generate);
  });
  const stream = await follow(url, await begin(url));
  prompter.say('patience');
  prompter.end();
  await stream.event('done');
  expect(textOf(stream)).toBe('patience');
  expect(failures).toBe(3);
});

test('a replica that stops says so of the answers it has not finished, and begins no new ones', async () => {
  const prompter = new Prompter();
  const published: string[] = [];
  const service = await start((app, one) => {
    tokens(app, { ...one, broker: recording(one.broker, published) }, prompter.generate);
  });
  await begin(service.url);
  await service.drain(0);
  const refused = await ask('POST', `${service.url}/answers`, { body: { prompt: 'p' } });
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await service.app.close();
  expect(published.at(-1)).toContain('"reason":"drain"');
  expect(prompter.aborted).toBe(true);
});

function recording<B extends object>(broker: B, published: string[]): B {
  const publish = (broker as { publish?: unknown }).publish as (channel: string, drafts: { data: string }[]) => unknown;
  return Object.create(broker, {
    publish: {
      value: (channel: string, drafts: { data: string }[]) => {
        published.push(...drafts.map(({ data }) => data));
        return publish.call(broker, channel, drafts);
      },
    },
  }) as B;
}

test('a user has few answers at once, and a replica not too many', async () => {
  const { url, prompter } = await prompted({ ...answerLimits, perUser: 2, perReplica: 3 });
  const first = await begin(url, as('ada'));
  await begin(url, as('ada'));
  const asked = (user: string) => ask('POST', `${url}/answers`, { body: { prompt: 'p' }, headers: as(user) });
  expect(await asked('ada')).toMatchObject({ status: 429, body: { detail: 'you have 2 answers under way' } });
  expect(await asked('bob')).toMatchObject({ status: 202 });
  expect(await asked('eve')).toMatchObject({ status: 503 });
  const stream = await follow(url, first, as('ada'));
  await ask('DELETE', `${url}/answers/${first.answer}`, { headers: as('ada') });
  await stream.event('cancelled');
  expect(await asked('eve')).toMatchObject({ status: 202 });
  prompter.end();
});

test.each([
  ['no prompt', {}],
  ['an empty prompt', { prompt: '' }],
  ['a prompt too long', { prompt: 'x'.repeat(16_385) }],
  ['an unknown key', { prompt: 'p', model: 'm' }],
])('refused: %s', async (_what, body) => {
  const { url } = await prompted();
  expect(await ask('POST', `${url}/answers`, { body })).toMatchObject({ status: 400 });
});

test('refused: a user whose name makes no channel', async () => {
  const { url } = await prompted();
  const answer = await ask('POST', `${url}/answers`, { body: { prompt: 'p' }, headers: as('ada@example.com') });
  expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining('has no channel') } });
});
