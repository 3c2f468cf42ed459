import { connect, createServer, type Socket } from 'node:net';

interface Pair {
  readonly inner: Socket;
  asked: string;
}

/** A TCP proxy that can stop passing answers on, on connections chosen by what was asked on them. */
export interface TcpProxy {
  readonly url: string;
  readonly deafen: (chosen: (asked: string) => boolean) => void;
  /** Cuts all connections; new ones lead to this port, as a name does that points elsewhere after a failover. */
  readonly switchTo: (port: number) => void;
  readonly close: () => void;
}

/** What is kept of what was asked on a connection: enough to tell what it is for. */
const askedCharacters = 65_536;

export function startProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let target = targetPort;
  const server = createServer((outer) => {
    const inner = connect(target, '127.0.0.1');
    const pair: Pair = { inner, asked: '' };
    pairs.add(pair);
    outer.on('data', (bytes) => {
      if (pair.asked.length < askedCharacters) pair.asked += bytes.toString();
      inner.write(bytes);
    });
    inner.pipe(outer);
    const end = (): void => {
      pairs.delete(pair);
      inner.destroy();
      outer.destroy();
    };
    for (const socket of [inner, outer]) socket.on('close', end).on('error', end);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      resolve({
        url: `redis://127.0.0.1:${port}`,
        deafen: (chosen) => {
          for (const { asked, inner } of pairs) if (chosen(asked)) inner.unpipe().resume();
        },
        switchTo: (other) => {
          target = other;
          for (const { inner } of pairs) inner.destroy();
        },
        close: () => {
          server.close();
          for (const { inner } of pairs) inner.destroy();
        },
      });
    });
  });
}
