/**
 * Dashboard: how every replica is, each second, and what is wrong with it; for administrators, and only while somebody
 * looks.
 *
 *   GET /events?channel=sse-kit:dashboard   events `sample` (see sampler.ts) and `alert` (see alerts.ts)
 *   GET /dashboard                          a page that shows them
 *
 * An ordinary channel, so that it resumes, falls back and passes proxies like any other. Its name is one of the service's
 * own: only administrators may subscribe, whatever patterns a token has. Replicas tell each other that somebody watches;
 * without that none of them samples anything.
 *
 * To copy it: this folder, ../announce.ts, the `watched` message in control.ts, and a line that calls
 * `dashboard(app, service)`. docs/patterns.md has the guarantees.
 */
import type { FastifyInstance } from 'fastify';
import { StoreUnavailable } from '../../broker/broker.ts';
import { servePage } from '../../routes/page.ts';
import type { Service } from '../../service.ts';
import { announce } from '../announce.ts';
import { type AlertChange, type AlertRule, Alerts, alertRules } from './alerts.ts';
import { Sampler } from './sampler.ts';

export const dashboardChannel = 'sse-kit:dashboard';

/** A replica with a watcher says so this often, and is believed this long. */
const tellMs = 2000;
const believeMs = 5000;
/** Alerts that could not be told yet; with the store away for longer the oldest are of no interest. */
const mostUntold = 100;

export interface DashboardOptions {
  /** @default 1000 */
  readonly sampleMs?: number;
  /** @default alertRules */
  readonly rules?: readonly AlertRule[];
}

/** What there is while somebody watches. */
interface Watch {
  readonly sampler: Sampler;
  readonly alerts: Alerts;
  /** Changes to be told; the store may be away, which is the first thing to be alarmed about. */
  untold: readonly (AlertChange & { readonly replica: string; readonly at: string })[];
}

export function dashboard(app: FastifyInstance, service: Service, options: DashboardOptions = {}): void {
  const { sampleMs = 1000, rules = alertRules } = options;
  const { control, fanout } = service.delivery;
  servePage(app, '/dashboard', new URL('page.html', import.meta.url));
  let watch: Watch | undefined;
  let watchedUntil = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  let busy = false;

  const watched = (): void => {
    watchedUntil = performance.now() + believeMs;
    watch ??= { sampler: new Sampler(service), alerts: new Alerts(rules), untold: [] };
  };
  control.on('watched', watched);

  const tick = async (): Promise<void> => {
    const now = performance.now();
    if (fanout.listenersOf(dashboardChannel) > 0) {
      watched();
      if (now - toldAt >= tellMs) {
        toldAt = now;
        // with the store away there is nobody to be told; what happens here is judged all the same
        await control.tell('watched', {}).catch(unlessAway);
      }
    } else if (now >= watchedUntil) {
      watch?.sampler.stop();
      watch = undefined;
    }
    // rates over a moment say nothing
    if (watch && now - watch.sampler.takenAt >= sampleMs / 2) await tell(service, watch);
  };
  const timer = setInterval(() => {
    // a store that is slow to answer must not be asked by many ticks at once
    if (busy) return;
    busy = true;
    tick()
      .catch(unlessAway)
      .catch((error) => app.log.warn({ err: error }, 'dashboard'))
      .finally(() => {
        busy = false;
      });
  }, sampleMs);
  timer.unref();
  app.addHook('preClose', async () => {
    clearInterval(timer);
    watch?.sampler.stop();
  });
}

function unlessAway(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}

/** Alerts first: whoever sees the sample that names them has been told why. */
async function tell(service: Service, watch: Watch): Promise<void> {
  const sample = await watch.sampler.take();
  const { replica, at } = sample;
  const changes = watch.alerts.judge(sample).map((change) => ({ replica, at, ...change }));
  watch.untold = [...watch.untold, ...changes].slice(-mostUntold);
  for (const change of watch.untold) {
    await announce(service, dashboardChannel, 'alert', change);
    watch.untold = watch.untold.filter((one) => one !== change);
  }
  await announce(service, dashboardChannel, 'sample', { ...sample, alerts: watch.alerts.raised });
}
