import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, type Program, startProgram, stopPrograms } from '../support/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** What the README promises a newcomer: npm start, and the lines it prints in two more terminals. */
describe('npm start', () => {
  afterAll(stopPrograms);

  /** Runs a line that the service printed, as it would be typed. */
  const typed = (service: Program, pattern: RegExp): string => pattern.exec(service.output())?.[0].trim() ?? '';

  test('prints a page and two lines to try, and they work', async () => {
    const port = await freePort();
    const service = startProgram('npm', ['start'], { PORT: String(port), REDIS_URL: '' }, root);
    await service.prints(/-d '\{.*\}'/);
    const listening = startProgram('bash', ['-c', typed(service, /curl -N .*/)]);
    await listening.prints(/event: stream:open/);
    const { stdout } = await run('bash', ['-c', typed(service, /curl http.* -d .*/)]);
    await listening.prints(/event: greeting\ndata: "hi"/);
    const page = await fetch(`http://127.0.0.1:${port}/`);

    expect(service.output()).toContain(`http://127.0.0.1:${port}`);
    expect(JSON.parse(stdout)).toEqual({ ids: [expect.any(String)] });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  }, 60_000);

  test('ends at once on Ctrl-C, and inside its window on SIGTERM, streams and all', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const port = await freePort();
      const service = startProgram(
        process.execPath,
        ['--import', 'tsx', 'service/main.ts'],
        { PORT: String(port), REDIS_URL: '', SSE_POLICY: '{"drainSeconds":1,"maxStreams":1000,"stickiness":"none"}' },
        root,
      );
      await service.prints(/Server listening/);
      const streams = Array.from({ length: 20 }, () =>
        startProgram('curl', ['-sN', `http://127.0.0.1:${port}/events?channel=a`]),
      );
      await Promise.all(streams.map((stream) => stream.prints(/stream:open/)));
      const began = performance.now();
      service.signal(signal);

      expect(await service.exited).toEqual({ code: 0, signal: null });
      expect(performance.now() - began).toBeLessThan(4000);
      for (const stream of streams) await stream.prints(/retry: \d+\nevent: stream:close\ndata: \{"reason":"drain"\}/);
    }
  }, 60_000);

  test('fails with every fault of the environment in one message, and exit status 1', async () => {
    const service = startProgram(
      process.execPath,
      ['--import', 'tsx', 'service/main.ts'],
      { PORT: 'x', HOST: '0.0.0.0', SSE_POLICY: '{"drainSeconds":0}' },
      root,
    );
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output().trim().split('\n')).toEqual([
      'the service cannot start:',
      expect.stringContaining('drainSeconds (0) must be'),
      expect.stringContaining('PORT (x) must be'),
      expect.stringContaining('HOST (0.0.0.0) must be'),
    ]);
  }, 20_000);
});
