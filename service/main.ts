import cluster from 'node:cluster';
import { PolicyError } from '../lib/policy/index.ts';
import { buildApp } from './app.ts';
import { type ServiceSettings, settingsFromEnv } from './settings.ts';
import { closeMs, stopOnSignals } from './stopping.ts';
import { runPrimary } from './workers/primary.ts';
import { shareOf, slotVariable } from './workers/share.ts';

let isStopping = (): boolean => false;

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.env);
  const slot = process.env[slotVariable];
  if (settings.workers > 1 && cluster.isPrimary) runPrimary(settings, closeMs);
  else await serve(cluster.isWorker && slot ? shareOf(settings, Number(slot)) : settings);
}

async function serve(settings: ServiceSettings): Promise<void> {
  const service = await buildApp(settings);
  isStopping = stopOnSignals(service, settings);
  if (settings.tls) process.on('SIGHUP', service.reloadTls);
  const address = await service.app.listen({ host: settings.host, port: settings.port, backlog: 4096 });
  if (settings.redisUrl === undefined) greet(address);
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
  if (isStopping()) return;
  process.stderr.write(`${error instanceof PolicyError ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
});
