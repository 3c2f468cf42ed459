import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { components } from './components.ts';
import { operations } from './operations.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const info = {
  title: 'sse-kit',
  version,
  description:
    'Server-Sent Events with resume, gaps that are told, and paced drain. One cursor resumes all channels, on any replica and on any of the edges: event stream, WebSocket, long polling.',
};

/** Nothing but the service's own files; the page's own styles are written inline. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** For people; what is not theirs to call has no place in the document. */
const pages = ['/', '/openapi.json', '/dashboard'];

/**
 * `GET /openapi.json`, and `GET /docs` to read it as a page. Parameters and bodies come from the routes' own schemas, so
 * that they are what is checked; the rest from the table. To be registered before the routes.
 */
export async function registerDocument(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info },
    transform: ({ schema, url }) => ({ schema: { ...schema, hide: schema?.hide || pages.includes(url) }, url }),
    transformObject: (found) =>
      'openapiObject' in found ? (completed(found.openapiObject) as typeof found.openapiObject) : {},
  });
  app.addHook('onRoute', (route) => {
    // the document is no secret, and whoever is to find out how to come in has no token yet
    if (route.url === '/openapi.json' || route.url.startsWith('/docs'))
      route.config = { ...route.config, access: 'open' };
  });
  app.get('/openapi.json', async () => app.swagger());
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: contentPolicy, theme: { title: 'sse-kit: API' } });
}

type Document = Readonly<Record<string, unknown>> & { readonly paths?: object };

/** The routes' document, with what the table says of each operation. */
function completed(document: Document): Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods as Record<string, object>).map(([method, operation]) => [
        method,
        { ...operation, ...operations[`${method.toUpperCase()} ${path}`] },
      ]),
    ),
  ]);
  return {
    ...document,
    components,
    // none, where the service is open to everybody
    security: [{}, ...Object.keys(components.securitySchemes).map((name) => ({ [name]: [] }))],
    paths: Object.fromEntries(paths),
  };
}
