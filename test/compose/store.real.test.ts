import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { stopPrograms } from '../support/programs.ts';
import { startRedis } from '../support/redis.ts';

afterAll(stopPrograms);

test('a real server takes the command line of the store', async () => {
  const compose = parse(readFileSync(join(__dirname, '../../compose.yaml'), 'utf8'), { merge: true });
  const [, ...args] = compose.services.store.command as string[];
  const server = await startRedis(undefined, args);
  const client = new Redis(server.url);
  const said = await Promise.all(
    ['appendonly', 'save', 'maxmemory', 'maxmemory-policy', 'client-output-buffer-limit'].map((name) =>
      client.config('GET', name),
    ),
  );
  client.disconnect();

  expect(said.map((answer) => (answer as string[])[1])).toEqual([
    'yes',
    '',
    String(512 * 1024 * 1024),
    'noeviction',
    expect.stringContaining('pubsub 33554432 8388608 60'),
  ]);
});
