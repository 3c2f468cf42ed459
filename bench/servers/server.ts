import { freePort, listening, Program } from '../program.ts';

/** A server under test. */
export interface Server {
  readonly name: string;
  /** Why it cannot run here, if it cannot. */
  readonly missing: () => string | undefined;
  readonly start: () => Promise<RunningServer>;
  /** A publish's body is the event itself, and there is one event in it. @default false */
  readonly bare?: boolean;
  /** Resumes from Last-Event-ID by itself. @default false */
  readonly replays?: boolean;
  /** A token for each of so many streams, all of different users, where the server wants one. */
  readonly tokens?: (count: number) => Promise<readonly string[]>;
  /** Knows one channel only. @default false */
  readonly oneChannel?: boolean;
}

export interface RunningServer {
  readonly program: Program;
  readonly port: number;
  /** Whether `inside.ts` is in it. */
  readonly takesOrders: boolean;
  readonly stop: () => Promise<void>;
}

/** A Node program with `inside.ts` beside it, started as the service is started in production. */
export async function startNode(file: string, env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const port = await freePort();
  const program = new Program(
    'server',
    [process.execPath, '--expose-gc', '--import', 'tsx', '--import', './bench/inside.ts', file],
    { env: { PORT: String(port), NODE_ENV: 'production', ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  await listening(program, port);
  return { program, port, takesOrders: true, stop: () => program.stop() };
}

const always = (): undefined => undefined;

/** The peers that are one Node program each. */
export const rawHttp: Server = {
  name: 'raw node:http',
  missing: always,
  start: () => startNode('bench/servers/raw-http.ts'),
};
export const betterSse: Server = {
  name: 'better-sse',
  missing: always,
  start: () => startNode('bench/servers/better-sse.ts'),
};
export const fastifySse: Server = {
  name: '@fastify/sse',
  missing: always,
  start: () => startNode('bench/servers/fastify-sse.ts'),
};
