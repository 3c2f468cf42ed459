import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';
import type { ServiceSettings } from './settings.ts';

/** The loop's lag is looked at this often. */
const sampleMs = 100;
/** A verdict is over this long at least, and over so many samples: a loop that stood still once is not overloaded. */
const windowMs = 1000;
const leastSamples = 3;
/** It is over once the lag is down to this share of the limit, so that it does not go back and forth. */
const overShare = 0.2;

/**
 * Whether the event loop keeps up: how late a timer comes, as the median over a second. A sweep gives way every 4 ms and
 * does not show here, nor does one long publish. Readiness does not depend on it: the streams of a replica that is taken
 * out are the next one's load.
 */
export class Pressure {
  /** More work comes in than can be done: what is new is turned away, what is there goes on. */
  high = false;
  readonly #limitMs: number;
  #sampledAt: number;
  #judgedAt: number;
  #lagsMs: number[] = [];

  constructor(limitMs: number, now: number) {
    this.#limitMs = limitMs;
    this.#sampledAt = now;
    this.#judgedAt = now;
  }

  /** To be called each tenth of a second, with a monotonic clock's milliseconds; that it comes late is what it measures. */
  sample(now: number): void {
    this.#lagsMs.push(Math.max(0, now - this.#sampledAt - sampleMs));
    this.#sampledAt = now;
    if (now - this.#judgedAt < windowMs || this.#lagsMs.length < leastSamples) return;
    const median = this.#lagsMs.toSorted((a, b) => a - b)[Math.floor(this.#lagsMs.length / 2)] as number;
    this.high = median > this.#limitMs * (this.high ? overShare : 1);
    this.#judgedAt = now;
    this.#lagsMs = [];
  }

  /** From now on; what came before, starting up say, does not count. */
  restart(now: number): void {
    this.#lagsMs = [];
    this.#sampledAt = now;
    this.#judgedAt = now;
  }
}

/** Watches from the moment the service listens: starting up is no overload. */
export function watchLoop(app: FastifyInstance, { overloadLagMs }: ServiceSettings): Pressure {
  const pressure = new Pressure(overloadLagMs, performance.now());
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onListen', async () => {
    pressure.restart(performance.now());
    timer = setInterval(() => {
      const before = pressure.high;
      pressure.sample(performance.now());
      if (pressure.high !== before) app.log.warn({ overloaded: pressure.high }, 'event loop');
    }, sampleMs);
    timer.unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
  return pressure;
}

/** Publishes and the like are refused before their body is read; streams are turned away softly by the admission. */
export function shedLoad(app: FastifyInstance, pressure: Pressure, retryAfterSeconds: () => number): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (pressure.high && request.method === 'POST') done(new Problem(503, 'overloaded', retryAfterSeconds()));
    else done();
  });
}
