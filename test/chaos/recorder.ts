import { controlEvents } from '../../lib/policy/index.ts';
import { textOf } from './events.ts';
import type { Entry, StreamRecord } from './record.ts';

interface Wait {
  readonly wanted: (entry: Entry) => boolean;
  readonly resolve: () => void;
}

/** Writes down what a client meets, in order. */
export class Recorder implements StreamRecord {
  readonly name: string;
  readonly channels: readonly string[];
  readonly entries: Entry[] = [];
  #id = '';
  #waits: Wait[] = [];

  constructor(name: string, channels: readonly string[]) {
    this.name = name;
    this.channels = channels;
  }

  /** A dispatched event, and the client's cursor with it. */
  message(type: string, data: string, id: string): void {
    this.#id = id;
    try {
      this.#take(type, JSON.parse(data));
    } catch {
      this.fault(`${type} carries ${JSON.stringify(data)}`);
    }
  }

  note(what: string): void {
    this.#add({ kind: 'note', what, at: performance.now(), id: this.#id });
  }

  fault(what: string): void {
    this.#add({ kind: 'fault', what, at: performance.now(), id: this.#id });
  }

  /** Resolves once an entry like this is there. */
  met(wanted: (entry: Entry) => boolean): Promise<void> {
    if (this.entries.some(wanted)) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ wanted, resolve }));
  }

  #take(type: string, data: Record<string, unknown>): void {
    const place = { at: performance.now(), id: this.#id };
    if (type === controlEvents.gap) {
      const { channels, requested, reason } = data as { channels: string[]; requested: string; reason: string };
      this.#add({ kind: 'gap', channels, requested, reason, ...place });
    } else if (type === controlEvents.open) this.note(`opened ${data.stream}`);
    else if (type === controlEvents.close) this.note(`closed: ${data.reason}`);
    else {
      const { channel, number, text } = data as { channel: string; number: number; text: string };
      if (text !== textOf(number)) this.fault(`event ${number} of ${channel} carries ${JSON.stringify(data)}`);
      this.#add({ kind: 'event', channel, number, ...place });
    }
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
    const done = this.#waits.filter(({ wanted }) => wanted(entry));
    if (done.length === 0) return;
    this.#waits = this.#waits.filter((wait) => !done.includes(wait));
    for (const { resolve } of done) resolve();
  }
}
