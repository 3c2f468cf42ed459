import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cursor, type Once, StoreUnavailable } from '../../broker/broker.ts';
import { batches } from './batches.ts';

/** Makes a text, piece by piece. It should stop when the signal says so; nobody listens to it from then on. */
export type Generate = (prompt: string, signal: AbortSignal) => AsyncIterable<string>;

export interface AnswerLimits {
  /** Answers under way at once. */
  readonly perReplica: number;
  readonly perUser: number;
  readonly longestMs: number;
  readonly mostCharacters: number;
}

export const answerLimits: AnswerLimits = {
  perReplica: 1000,
  perUser: 4,
  longestMs: 600_000,
  mostCharacters: 262_144,
};

export interface AnswersOptions {
  readonly generate: Generate;
  readonly publish: (channel: string, type: string, data: unknown, once?: Once) => Promise<Cursor>;
  /** Told of what a generator threw. */
  readonly failed: (answer: string, error: unknown) => void;
  readonly limits?: AnswerLimits;
}

/** How an answer ends. */
type End =
  | { readonly type: 'done' | 'cancelled' }
  | { readonly type: 'failed'; readonly reason: 'drain' | 'too-long' | 'generator' };

interface Answer {
  readonly id: string;
  readonly channel: string;
  readonly user: string | undefined;
  /** Its reason is the end that was asked for. */
  readonly ending: AbortController;
}

/** One event of an answer, and which part of it that is. */
interface Said {
  readonly type: string;
  readonly data: unknown;
  readonly part: number | 'end';
}

export interface Begun {
  readonly answer: string;
  readonly channel: string;
  /** From here on everything of the answer. */
  readonly cursor: Cursor;
}

/** While the store is away an answer waits for it, looking this often. */
const againMs = 500;
/** An end that cannot be told for this long is told no more. */
const endMs = 60_000;

/** The answers that this replica makes. Each is one generator, published as it comes; whether somebody reads is no matter. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #limits: AnswerLimits;
  readonly #answers = new Map<string, Answer>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#limits = options.limits ?? answerLimits;
  }

  /** Which limit leaves no room for another answer, if one does. */
  full(user: string | undefined): 'user' | 'replica' | undefined {
    if (this.#answers.size >= this.#limits.perReplica) return 'replica';
    if (user === undefined) return undefined;
    const own = [...this.#answers.values()].filter((answer) => answer.user === user).length;
    return own >= this.#limits.perUser ? 'user' : undefined;
  }

  /** Tells that an answer begins, and goes on with it by itself. @throws StoreUnavailable */
  async begin(prompt: string, channelOf: (id: string) => string, user: string | undefined): Promise<Begun> {
    const id = randomUUID();
    const answer: Answer = { id, channel: channelOf(id), user, ending: new AbortController() };
    this.#answers.set(id, answer);
    try {
      const cursor = await this.#options.publish(answer.channel, 'started', { answer: id });
      const running = this.#run(answer, prompt).finally(() => {
        this.#answers.delete(id);
        this.#running.delete(running);
      });
      this.#running.add(running);
      return { answer: id, channel: answer.channel, cursor };
    } catch (error) {
      this.#answers.delete(id);
      throw error;
    }
  }

  /** Ends an answer, if it is one of ours and of this user. */
  cancel(id: string, by: { readonly user: string | undefined; readonly admin: boolean }): void {
    const answer = this.#answers.get(id);
    if (answer && (by.admin || answer.user === by.user)) end(answer, { type: 'cancelled' });
  }

  /** Ends all answers, and resolves when that has been told. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const answer of this.#answers.values()) end(answer, { type: 'failed', reason: 'drain' });
    await Promise.all(this.#running);
  }

  async #run(answer: Answer, prompt: string): Promise<void> {
    const { signal } = answer.ending;
    const { longestMs } = this.#limits;
    const tooLong = setTimeout(() => end(answer, { type: 'failed', reason: 'too-long' }), longestMs);
    const said = { events: 0, text: '' };
    let how: End = { type: 'done' };
    try {
      await this.#say(answer, prompt, said);
    } catch (error) {
      how = signal.aborted ? (signal.reason as End) : { type: 'failed', reason: 'generator' };
      if (!signal.aborted) this.#options.failed(answer.id, error);
    }
    clearTimeout(tooLong);
    // whatever the generator still does, nobody waits for it
    end(answer, how);
    await this.#tellEnd(answer, how, said);
  }

  async #say(answer: Answer, prompt: string, said: { events: number; text: string }): Promise<void> {
    const { signal } = answer.ending;
    for await (const text of batches(this.#options.generate(prompt, signal), signal)) {
      if (said.text.length + text.length > this.#limits.mostCharacters)
        end(answer, { type: 'failed', reason: 'too-long' });
      signal.throwIfAborted();
      const { events: i } = said;
      await this.#insist(signal, answer, { type: 'token', data: { answer: answer.id, i, text }, part: i });
      said.events++;
      said.text += text;
    }
  }

  async #tellEnd(answer: Answer, { type, ...why }: End, { events, text }: { events: number; text: string }) {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const whole = { answer: answer.id, events, length: text.length, ...(type === 'done' && { sha256 }), ...why };
    const patience = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(endMs)]);
    // nobody can be told that nobody can be told
    await this.#insist(patience, answer, { type, data: whole, part: 'end' }).catch((error) =>
      this.#options.failed(answer.id, error),
    );
  }

  /** Publishes, and waits for a store that is away. What happened though the store did not say so does not happen twice. */
  async #insist(patience: AbortSignal, { id, channel }: Answer, { type, data, part }: Said): Promise<void> {
    const key = `${id}:${part}`;
    for (;;) {
      try {
        await this.#options.publish(channel, type, data, { key, fingerprint: key });
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || patience.aborted) throw error;
        await pause(againMs, undefined, { signal: patience });
      }
    }
  }
}

/** The first end counts. */
function end({ ending }: Answer, how: End): void {
  if (!ending.signal.aborted) ending.abort(how);
}
