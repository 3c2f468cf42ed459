import cluster, { type Worker } from 'node:cluster';
import Fastify from 'fastify';
import { type Backoff, fullJitterMs } from '../../lib/policy/index.ts';
import type { ServiceSettings } from '../settings.ts';
import { Switchboard, say } from './peers.ts';
import { slotVariable } from './share.ts';

/** A worker that dies is followed by another one; one that keeps dying less and less often. */
const again: Backoff = { baseMs: 500, capMs: 30_000 };
/** A worker that has lived this long died of something new. */
const healthyMs = 60_000;
/** Workers exit by themselves in time; what is left then is killed this much later. */
const patienceMs = 1000;

/**
 * Keeps `WORKERS` processes that share one port, and hands signals on to them. Connections are dealt out in turn: left to
 * the kernel, the busiest of four workers got twice as many streams as the idlest (358 and 165 of 1000, at 500 a second
 * on two cores; in turn 286 and 227).
 */
export function runPrimary(settings: ServiceSettings, closeMs: number): void {
  // the workers' logger, for one more process
  const { log } = Fastify({ logger: { level: settings.logLevel, base: { replica: settings.replica } } });
  const workers = new Map<number, Worker>();
  const failures = new Map<number, number>();
  const switchboard = new Switchboard();
  const listening = new WeakSet<Worker>();
  let listened = false;
  let stopping = false;

  const start = (slot: number): void => {
    const worker = cluster.fork({ REPLICA: settings.replica, [slotVariable]: String(slot) });
    const bornAt = performance.now();
    workers.set(slot, worker);
    worker.on('listening', () => {
      listened = true;
      listening.add(worker);
      log.info({ slot, pid: worker.process.pid }, 'worker is listening');
    });
    worker.on('message', (message) => switchboard.heard(message, worker, [...workers.values()]));
    // told by 'exit' as well
    worker.on('error', () => {});
    worker.on('exit', (code, signal) => {
      workers.delete(slot);
      if (stopping) return finish(code);
      // what keeps the first from listening keeps them all: the port is taken, say
      if (!listened) process.exit(code || 1);
      const lived = performance.now() - bornAt;
      const failed = lived > healthyMs ? 0 : (failures.get(slot) ?? 0);
      failures.set(slot, failed + 1);
      const waitMs = failed === 0 ? 0 : fullJitterMs(failed, again);
      log.error({ slot, code, signal, waitMs }, 'worker died');
      setTimeout(() => !stopping && start(slot), waitMs);
    });
  };

  let worst = 0;
  const finish = (code: number): void => {
    worst = Math.max(worst, code);
    if (workers.size === 0) process.exit(worst);
  };

  const killAll = (code: number): never => {
    for (const worker of workers.values()) worker.process.kill('SIGKILL');
    process.exit(code);
  };

  const stop = (windowMs: number) => (): void => {
    if (stopping) killAll(1);
    stopping = true;
    setTimeout(() => killAll(0), windowMs + closeMs + patienceMs);
    for (const worker of workers.values()) {
      if (listening.has(worker)) say(worker, { kind: 'stop', windowMs });
      // it may not listen to us yet
      else worker.process.kill('SIGTERM');
    }
    if (workers.size === 0) process.exit(0);
  };
  process.on('SIGTERM', stop(settings.policy.drainSeconds * 1000));
  process.on('SIGINT', stop(0));
  if (settings.tls) {
    process.on('SIGHUP', () => {
      for (const worker of workers.values()) worker.process.kill('SIGHUP');
    });
  }
  cluster.schedulingPolicy = cluster.SCHED_RR;
  for (let slot = 0; slot < settings.workers; slot++) start(slot);
}
