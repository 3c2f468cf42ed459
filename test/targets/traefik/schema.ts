/**
 * The part of Traefik's configuration that our files use, by hand: traefik/traefik v3.7, pkg/config/dynamic/http_config.go
 * and middlewares.go, pkg/config/static/static_configuration.go and entrypoints.go, pkg/observability/types/logs.go,
 * pkg/ping/ping.go, pkg/provider/file/file.go. Traefik refuses a file with a key that it does not know, and so does this.
 */

type Kind = 'text' | 'number' | 'boolean' | 'duration' | 'status' | 'statuses' | 'rule';

/** A value, a list, a mapping with these keys, or with any keys to one kind of value. */
export type Shape = Kind | readonly [Shape] | { readonly [key: string]: Shape } | Named;

/** Keys of the user's own. */
class Named {
  readonly shape: Shape;
  constructor(shape: Shape) {
    this.shape = shape;
  }
}

const named = (shape: Shape): Named => new Named(shape);

const router: Shape = {
  rule: 'rule',
  entryPoints: ['text'],
  middlewares: ['text'],
  service: 'text',
  priority: 'number',
  tls: {},
};

const middleware: Shape = {
  headers: {
    customRequestHeaders: named('text'),
    customResponseHeaders: named('text'),
    accessControlAllowOriginListRegex: ['text'],
    accessControlAllowCredentials: 'boolean',
    addVaryHeader: 'boolean',
  },
  retry: {
    attempts: 'number',
    initialInterval: 'duration',
    timeout: 'duration',
    status: ['statuses'],
    maxRequestBodyBytes: 'number',
    disableRetryOnNetworkError: 'boolean',
    retryNonIdempotentMethod: 'boolean',
  },
  errors: { status: ['statuses'], statusRewrites: named('status'), service: 'text', query: 'text' },
  ipAllowList: { sourceRange: ['text'], rejectStatusCode: 'status' },
};

const service: Shape = {
  loadBalancer: {
    strategy: 'text',
    servers: [{ url: 'text', weight: 'number', preservePath: 'boolean' }],
    serversTransport: 'text',
    passHostHeader: 'boolean',
    healthCheck: { path: 'text', interval: 'duration', timeout: 'duration', unhealthyInterval: 'duration' },
    sticky: {
      cookie: {
        name: 'text',
        maxAge: 'number',
        httpOnly: 'boolean',
        secure: 'boolean',
        sameSite: 'text',
        path: 'text',
        domain: 'text',
      },
    },
  },
};

export const dynamic: Shape = {
  http: {
    routers: named(router),
    middlewares: named(middleware),
    services: named(service),
    serversTransports: named({
      maxIdleConnsPerHost: 'number',
      forwardingTimeouts: {
        dialTimeout: 'duration',
        responseHeaderTimeout: 'duration',
        idleConnTimeout: 'duration',
        readIdleTimeout: 'duration',
        pingTimeout: 'duration',
      },
    }),
  },
  tls: { certificates: [{ certFile: 'text', keyFile: 'text' }] },
};

export const fixed: Shape = {
  entryPoints: named({
    address: 'text',
    transport: {
      respondingTimeouts: { readTimeout: 'duration', writeTimeout: 'duration', idleTimeout: 'duration' },
      lifeCycle: { requestAcceptGraceTimeout: 'duration', graceTimeOut: 'duration' },
    },
    http: { tls: {}, middlewares: ['text'] },
    http2: { maxConcurrentStreams: 'number' },
    http3: { advertisedPort: 'number' },
    forwardedHeaders: { trustedIPs: ['text'] },
  }),
  ping: { entryPoint: 'text', manualRouting: 'boolean', terminatingStatusCode: 'status' },
  accessLog: {
    format: 'text',
    fields: {
      defaultMode: 'text',
      names: named('text'),
      headers: { defaultMode: 'text', names: named('text') },
      queryParameters: { defaultMode: 'text' },
    },
  },
  providers: { file: { filename: 'text', directory: 'text', watch: 'boolean' } },
};

const isStatus = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599;

const kinds: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && value !== '',
  number: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  duration: (value) => typeof value === 'string' && /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value),
  status: isStatus,
  statuses: (value) => typeof value === 'string' && value.split('-').map(Number).every(isStatus),
  rule: (value) =>
    typeof value === 'string' && /^!?(\w+\((`[^`]*`(, )?)+\))(( && | \|\| )!?\w+\((`[^`]*`(, )?)+\))*$/.test(value),
};

/** What does not fit, each with its path. */
export function faultsIn(value: unknown, shape: Shape, path = ''): readonly string[] {
  if (typeof shape === 'string') return kinds[shape](value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${shape}`];
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: is no list`];
    return value.flatMap((one, index) => faultsIn(one, shape[0] as Shape, `${path}/${index}`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: is no mapping`];
  return Object.entries(value).flatMap(([key, one]) => {
    const inside = shape instanceof Named ? shape.shape : (shape as Readonly<Record<string, Shape>>)[key];
    return inside === undefined ? [`${path}/${key}: is no field`] : faultsIn(one, inside, `${path}/${key}`);
  });
}
