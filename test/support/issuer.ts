import { createServer } from 'node:http';
import type { Claims } from './tokens.ts';

/** A server that publishes keys, as a login service does. */
export interface Issuer {
  readonly url: URL;
  keys: readonly Claims[];
  /** What it answers instead of its keys. */
  status: number;
  asked: number;
  readonly close: () => Promise<void>;
}

export async function startIssuer(keys: readonly Claims[]): Promise<Issuer> {
  const server = createServer((_, response) => {
    issuer.asked++;
    response.writeHead(issuer.status, { 'content-type': 'application/jwk-set+json' });
    response.end(JSON.stringify({ keys: issuer.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const issuer: Issuer = {
    url: new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`),
    keys,
    status: 200,
    asked: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
