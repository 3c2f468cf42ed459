import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A replica that only tells what it was asked. */
export interface Witness {
  readonly port: number;
  /** The headers of each request for a stream. */
  readonly asked: readonly IncomingHttpHeaders[];
  readonly close: () => void;
}

/** Healthy, and answers requests for streams with a stream that ends at once, or turns them all away. */
export function startWitness(status: 200 | 503): Promise<Witness> {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    if (!url.startsWith('/events')) return void response.end();
    asked.push(headers);
    const type = status === 200 ? 'text/event-stream' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache, no-transform' });
    response.end(status === 200 ? ': here\n\n' : '{"status":503}');
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ port: typeof address === 'object' && address ? address.port : 0, asked, close });
    });
  });
}
