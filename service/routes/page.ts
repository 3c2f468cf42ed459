import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

/** `GET /`: a page that shows a stream live. */
export function pageRoute(app: FastifyInstance): void {
  servePage(app, '/', new URL('../page.html', import.meta.url));
}

/** A page in one file. Its own script and style, and no others, run in it, and it talks to this service only. */
export function servePage(app: FastifyInstance, path: string, file: URL): void {
  const html = readFileSync(file, 'utf8');
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
  ];
  app.get(path, { config: { access: 'open' } }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy.join('; '))
      .header('cache-control', 'no-cache')
      .send(html),
  );
}

/** The page's own script and style, and no other, are allowed to run. */
function hashOf(html: string, tag: string): string {
  const text = html.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0] ?? '';
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
