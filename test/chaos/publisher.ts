import { setMaxListeners } from 'node:events';
import { eventData } from './events.ts';
import { type Random, weightsOf } from './random.ts';
import type { Publish } from './record.ts';
import { pause } from './waiting.ts';

export interface PublisherOptions {
  readonly random: Random;
  /** Where to publish: the proxy and each replica, by turns of chance. */
  readonly urls: readonly string[];
  readonly channels: readonly string[];
  readonly eventsPerSecond: number;
  /**
   * Half of the publishes are sent again until they are accepted, each under an Idempotency-Key of its own. Not where the
   * store may forget its keys: there an event could rightly be published twice.
   */
  readonly insists: boolean;
}

/** Longer than a replica waits for its store. */
const answerMs = 5000;
/** Answers that leave it open whether anything was published. Any other refusal of a sound publish is a fault. */
const unsure: readonly number[] = [502, 503, 504];
const mostInOne = 3;
const closingTries = 100;
const insistentShare = 0.5;
const insistentTries = 10;
const betweenTriesMs = 200;

/** Publishes on all channels at once, on each one after the other, and keeps the log. */
export class Publisher {
  readonly log: Publish[] = [];
  /** Answers that no sound publish may get. */
  readonly faults: string[] = [];
  readonly #options: PublisherOptions;
  readonly #stopping = new AbortController();
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
    // a channel that pauses listens for the end, and eleven would count as a leak
    setMaxListeners(options.channels.length, this.#stopping.signal);
  }

  start(): void {
    const { channels, eventsPerSecond } = this.#options;
    const weights = weightsOf(channels.length);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    this.#publishing = Promise.all(
      channels.map((channel, index) => this.#keepPublishing(channel, (eventsPerSecond * (weights[index] ?? 0)) / all)),
    );
  }

  /** Resolves when every publish under way has been answered or given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#publishing;
  }

  /** One last event on each channel, tried until it is accepted: its number by channel. */
  async closing(): Promise<ReadonlyMap<string, number>> {
    const { channels } = this.#options;
    return new Map(await Promise.all(channels.map((channel) => this.#closingOf(channel))));
  }

  async #closingOf(channel: string): Promise<[string, number]> {
    for (let tries = 0; tries < closingTries; tries++) {
      const [last] = await this.#publish(channel, 1);
      if (last?.id !== undefined) return [channel, last.number];
      await pause(betweenTriesMs);
    }
    throw new Error(`${channel}: none of ${closingTries} publishes was accepted after all faults were over`);
  }

  async #keepPublishing(channel: string, eventsPerSecond: number): Promise<void> {
    const { random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const count = random.between(1, mostInOne);
      // as independent publishers would come: the pauses are exponential
      await pause((-Math.log(1 - random.next()) * 1000 * count) / eventsPerSecond, signal);
      if (!signal.aborted) await this.#publish(channel, count);
    }
  }

  async #publish(channel: string, count: number): Promise<readonly Publish[]> {
    const sentAt = performance.now();
    const events = Array.from({ length: count }, (_, index): Publish => {
      return { channel, number: this.log.length + index, sentAt, id: undefined, answeredAt: sentAt };
    });
    this.log.push(...events);
    const ids = await this.#send(channel, events);
    for (const [index, event] of events.entries()) {
      event.id = ids[index];
      event.answeredAt = performance.now();
    }
    return events;
  }

  /** The ids it was accepted with; none when it failed, or may have. */
  async #send(channel: string, events: readonly Publish[]): Promise<readonly string[]> {
    const { insists, random } = this.#options;
    if (!insists || random.next() >= insistentShare) return this.#try(channel, events, {});
    const headers = { 'idempotency-key': `publish-${events[0]?.number}` };
    for (let tries = 0; tries < insistentTries; tries++) {
      const ids = await this.#try(channel, events, headers);
      if (ids.length > 0) return ids;
      await pause(betweenTriesMs);
    }
    return [];
  }

  async #try(
    channel: string,
    events: readonly Publish[],
    headers: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const url = this.#options.random.pick(this.#options.urls);
    const body = events.map(({ number }) => ({ data: eventData(channel, number) }));
    try {
      const response = await fetch(`${url}/channels/${channel}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body.length === 1 ? body[0] : body),
        signal: AbortSignal.timeout(answerMs),
      });
      const answer = await response.text();
      if (response.status === 202) return (JSON.parse(answer) as { ids: string[] }).ids;
      if (!unsure.includes(response.status))
        this.faults.push(`${url} answered a publish with ${response.status}: ${answer}`);
    } catch {
      // refused, reset or too late: whether it was published nobody knows
    }
    return [];
  }
}
