import { PolicyError } from '../lib/policy/index.ts';
import { buildApp, type ServiceApp } from './app.ts';
import { type ServiceSettings, settingsFromEnv } from './settings.ts';

/** What is left after the drain has this long to close, before the process exits all the same. */
const closeMs = 3000;

let stopping = false;

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.env);
  const service = await buildApp(settings);
  stopOnSignals(service, settings);
  if (settings.tls) process.on('SIGHUP', service.reloadTls);
  const address = await service.app.listen({ host: settings.host, port: settings.port, backlog: 4096 });
  if (settings.redisUrl === undefined) greet(address);
}

/** SIGTERM hands the streams over; Ctrl-C does so at once; a second signal does not wait. */
function stopOnSignals({ app, drain }: ServiceApp, { policy }: ServiceSettings): void {
  const stop = (windowMs: number) => async (): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    // counts on nothing: a store that does not answer, or a client that does not go, delays no exit
    setTimeout(() => process.exit(0), windowMs + closeMs);
    await drain(windowMs);
    await app.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop(policy.drainSeconds * 1000));
  process.on('SIGINT', stop(0));
}

function greet(address: string): void {
  process.stdout.write(
    [
      '',
      `  sse-kit is listening with the embedded broker: ${address}`,
      '  Open that page, or try two terminals:',
      '',
      `    curl -N '${address}/events?channel=hello'`,
      `    curl ${address}/channels/hello/events -H 'content-type: application/json' -d '{"type":"greeting","data":"hi"}'`,
      '',
      '  PATTERNS=notifications,dashboard,tokens npm start has more to try: docs/patterns.md',
      '',
      '',
    ].join('\n'),
  );
}

main().catch((error: unknown) => {
  // told to stop before it had begun to listen: that is no failure, and the stop is on its way
  if (stopping) return;
  process.stderr.write(`${error instanceof PolicyError ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
});
