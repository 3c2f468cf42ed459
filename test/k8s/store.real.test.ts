import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort, startProgram, stopPrograms, temporaryFolder } from '../support/programs.ts';
import { one, synth } from './chart.ts';

jest.spyOn(process, 'emitWarning').mockImplementation();
afterAll(stopPrograms);

const { all } = synth({ kubernetes: { redis: { bundled: true, secret: 'redis', passwordKey: 'password' } } });
const { data } = one(all, 'ConfigMap', 'streams-valkey') as unknown as { data: Readonly<Record<string, string>> };

test('a server takes the rendered configuration, its password, and the probe with it', async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder, 'valkey.conf');
  writeFileSync(file, (data['valkey.conf'] ?? '').replace('dir /data', `dir ${folder}`));
  const own = ['--port', String(port), '--bind', '127.0.0.1'];
  const server = startProgram('redis-server', [file, '--requirepass', 'sesame', ...own]);
  await server.prints(/Ready to accept connections/);
  const client = new Redis(port, '127.0.0.1', { password: 'sesame' });
  const settings = await Promise.all(
    ['appendonly', 'maxmemory', 'maxmemory-policy', 'client-output-buffer-limit'].map(async (name) => {
      const [, value] = (await client.config('GET', name)) as readonly string[];
      return value;
    }),
  );
  client.disconnect();

  expect(settings).toEqual([
    'yes',
    String(512 * 1024 * 1024),
    'noeviction',
    expect.stringContaining('pubsub 33554432 8388608 60'),
  ]);
  const ping = (password: string) =>
    promisify(execFile)('redis-cli', ['-p', String(port), '-e', 'ping'], {
      env: { ...process.env, REDISCLI_AUTH: password },
    });
  await expect(ping('sesame')).resolves.toMatchObject({ stdout: 'PONG\n' });
  await expect(ping('')).rejects.toMatchObject({ code: 1 });
});
