import accepts from '@fastify/accepts';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { drawRetryMs } from '../lib/policy/index.ts';
import { Admission } from './admission.ts';
import { registerDocument } from './api/document.ts';
import './auth/request.ts';
import { createAuth } from './auth/auth.ts';
import { registerAuthentication } from './auth/authentication.ts';
import { followCertificate } from './certificate.ts';
import { refuseClient, refuseExpectations, requireHost } from './client-errors.ts';
import { Connections, limitBodies } from './connections.ts';
import { Delivery } from './delivery.ts';
import { tellCloudWatch } from './emf.ts';
import { serializers } from './log.ts';
import { rememberMethods } from './methods.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { observer } from './observer.ts';
import { type Pattern, patternsOf } from './patterns/patterns.ts';
import { shedLoad, watchLoop } from './pressure.ts';
import { frameworkProblem, registerProblems } from './problem.ts';
import { limitPublishers } from './publish-rate.ts';
import { diagnosticsRoute } from './routes/diagnostics.ts';
import { eventsRoute } from './routes/events.ts';
import { operationsRoutes } from './routes/operations.ts';
import { pageRoute } from './routes/page.ts';
import { pollRoute } from './routes/poll.ts';
import { publishRoute } from './routes/publish.ts';
import { statsRoute } from './routes/stats.ts';
import { ticketsRoute } from './routes/tickets.ts';
import { typesRoute } from './routes/types.ts';
import { usersRoute } from './routes/users.ts';
import { registerWebSockets, webSocketRoute } from './routes/web-socket.ts';
import type { Service } from './service.ts';
import type { ServiceSettings } from './settings.ts';
import { createStore } from './store.ts';
import { transportOf, tuneServer } from './transport.ts';
import { Peers } from './workers/peers.ts';

export interface ServiceApp {
  readonly app: FastifyInstance;
  /** Ends all streams evenly over a window, in milliseconds; new ones are turned away from now on. @default drainSeconds */
  readonly drain: (windowMs?: number) => Promise<void>;
  /** Takes the certificate's files as they are now. */
  readonly reloadTls: () => void;
}

/** While closing, requests that are under way have this long. */
const lastRequestsMs = 500;

const routes = [
  eventsRoute,
  pollRoute,
  webSocketRoute,
  publishRoute,
  typesRoute,
  ticketsRoute,
  usersRoute,
  diagnosticsRoute,
  statsRoute,
  operationsRoutes,
  pageRoute,
];

/** The service, not yet listening, and what else it should serve. Closing the app ends its streams and its broker. */
export async function buildApp(settings: ServiceSettings, more: readonly Pattern[] = []): Promise<ServiceApp> {
  const { policy } = settings;
  const app = Fastify({
    logger: { level: settings.logLevel, base: { replica: settings.replica }, serializers },
    trustProxy: settings.trustProxy,
    // a line per request would hold the query, and with it tokens; streams have lines of their own
    logController: new LogController({ disableRequestLogging: true }),
    // a logger per request would cost each stream one; nothing is logged per request
    childLoggerFactory: (logger) => logger,
    ...transportOf(settings),
    // while closing, a request on a kept-alive connection is answered as always: 503 would end an EventSource
    return503OnClosing: false,
    frameworkErrors: frameworkProblem,
    clientErrorHandler: refuseClient,
    // a user of 128 characters, each percent-encoded
    routerOptions: { maxParamLength: 1152 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: true } },
  });
  tuneServer(app.server, settings);
  const retryAfterSeconds = (): number => Math.ceil(drawRetryMs(policy) / 1000);
  const service = createService(app, settings);
  const connections = new Connections(app, service);
  limitBodies(app, service);
  registerProblems(app, rememberMethods(app), retryAfterSeconds);
  refuseExpectations(app);
  requireHost(app);
  // JSON is the one kind of body there is: all else is 415
  app.removeContentTypeParser('text/plain');
  await app.register(accepts);
  if (settings.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...settings.corsOrigins],
      credentials: true,
      // an OPTIONS that asks for nothing is answered like one that does, and not with plain text
      strictPreflight: false,
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['content-type', 'authorization', 'last-event-id', 'idempotency-key'],
    });
  }
  // first, as it ends the connections of those that are refused
  await registerWebSockets(app);
  shedLoad(app, service.pressure, retryAfterSeconds);
  registerAuthentication(app, service);
  await limitPublishers(app, settings.publishRatePerSecond, retryAfterSeconds);
  await registerDocument(app);
  for (const route of routes) route(app, service);
  for (const pattern of [...patternsOf(settings), ...more]) pattern(app, service);
  app.addHook('preClose', async () => {
    service.delivery.fanout.stop();
    // requests under way get a moment; a connection that never sends one would keep the server open for ever
    connections.close(lastRequestsMs);
  });
  // after the server: requests that are still answered need the store
  app.addHook('onClose', async () => {
    service.auth.tokens?.close();
    service.auth.revocations.close();
    await service.delivery.close();
  });
  tellCloudWatch(app, service);
  // not waited for: a service without its store is alive, not ready, and turns streams away softly
  void service.delivery.start().then(() => service.auth.revocations.start());
  void service.auth.tokens?.start();
  return {
    app,
    drain: (windowMs = policy.drainSeconds * 1000) => {
      connections.leave();
      return service.delivery.drain(windowMs);
    },
    reloadTls: followCertificate(app, settings),
  };
}

function createService(app: FastifyInstance, settings: ServiceSettings): Service {
  const store = createStore(app.log, settings);
  const { broker } = store;
  const metrics: Metrics = createMetrics({ broker, fanout: () => delivery.fanout });
  const delivery = new Delivery(broker, settings.policy, settings.replica, observer(app.log, metrics));
  const auth = createAuth({ settings, state: store.state, delivery, log: app.log });
  const pressure = watchLoop(app, settings);
  const admission = new Admission(settings.policy, pressure);
  return { settings, ...store, auth, metrics, delivery, pressure, admission, peers: new Peers() };
}
