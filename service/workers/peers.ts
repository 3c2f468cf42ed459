import cluster from 'node:cluster';
import { isMessage, type Message } from './messages.ts';

/** An answer that does not come, from a worker that is just dying say, is done without. */
const answersMs = 2000;

type Answer = () => unknown;

/**
 * The processes of a replica among each other: each asks, and all answer, itself included. A replica of one process has
 * nobody else to ask.
 */
export class Peers {
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<number, (answers: readonly unknown[]) => void>();
  #asked = 0;

  constructor() {
    if (cluster.isWorker) process.on('message', (message) => void this.#heard(message));
  }

  /** What this process has of a subject; it must survive being sent as JSON. */
  answer(subject: string, answer: Answer): void {
    this.#answers.set(subject, answer);
  }

  /** What all processes of the replica have of a subject. */
  async ask<T>(subject: string): Promise<readonly T[]> {
    if (!cluster.isWorker) return [await this.#own(subject)] as T[];
    const nonce = ++this.#asked;
    let timer: NodeJS.Timeout | undefined;
    const answers = new Promise<readonly unknown[] | undefined>((resolve) => {
      this.#waiting.set(nonce, resolve);
      timer = setTimeout(() => resolve(undefined), 2 * answersMs);
    });
    send({ kind: 'ask', nonce, subject });
    const all = await answers;
    clearTimeout(timer);
    this.#waiting.delete(nonce);
    return (all ?? [await this.#own(subject)]) as T[];
  }

  async #heard(message: unknown): Promise<void> {
    if (!isMessage(message)) return;
    if (message.kind === 'question') {
      send({ kind: 'answer', nonce: message.nonce, answer: await this.#own(message.subject) });
    } else if (message.kind === 'answers') this.#waiting.get(message.nonce)?.(message.answers);
  }

  async #own(subject: string): Promise<unknown> {
    return this.#answers.get(subject)?.();
  }
}

function send(message: Message): void {
  // the primary is gone: node:cluster ends this process too
  if (process.connected) process.send?.(message);
}

interface Poll {
  readonly answers: unknown[];
  missing: number;
  readonly done: (answers: readonly unknown[]) => void;
}

/** The primary's side: passes a question on to all, and their answers back together. */
export class Switchboard {
  readonly #polls = new Map<number, Poll>();
  #nonce = 0;

  /** A worker said something; `others` are all that can answer, the one that asks included. */
  heard(message: unknown, from: Sender, others: readonly Sender[]): void {
    if (!isMessage(message)) return;
    if (message.kind === 'ask') this.#poll(message, from, others);
    else if (message.kind === 'answer') this.#collect(message.nonce, message.answer);
  }

  #poll({ nonce: asked, subject }: Extract<Message, { kind: 'ask' }>, from: Sender, others: readonly Sender[]): void {
    const nonce = ++this.#nonce;
    const timer = setTimeout(() => this.#finish(nonce), answersMs);
    const done = (answers: readonly unknown[]): void => {
      clearTimeout(timer);
      say(from, { kind: 'answers', nonce: asked, answers });
    };
    this.#polls.set(nonce, { answers: [], missing: others.length, done });
    for (const other of others) say(other, { kind: 'question', nonce, subject });
  }

  #collect(nonce: number, answer: unknown): void {
    const poll = this.#polls.get(nonce);
    if (poll === undefined) return;
    poll.answers.push(answer);
    if (--poll.missing === 0) this.#finish(nonce);
  }

  #finish(nonce: number): void {
    const poll = this.#polls.get(nonce);
    this.#polls.delete(nonce);
    poll?.done(poll.answers);
  }
}

/** A worker, seen from the primary. */
export interface Sender {
  readonly isConnected: () => boolean;
  readonly send: (message: Message) => unknown;
}

export function say(to: Sender, message: Message): void {
  if (to.isConnected()) to.send(message);
}
