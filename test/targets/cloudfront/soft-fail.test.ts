import { definePolicy, retryBoundsMs } from '../../../lib/policy/index.ts';
import { cloudfront } from '../../../lib/targets/index.ts';

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const policy = definePolicy({ retryMs: 4000 });
const code = cloudfront.files(policy)['soft-fail.js.txt'] ?? '';
const exports: { handler?: (event: { headers?: Record<string, string> }) => Promise<Answer> } = {};
new Function('exports', 'process', code)(exports, { env: { CORS_ORIGINS: 'https://a.example,https://b.example' } });

async function answer(headers: Record<string, string> = { accept: 'text/event-stream' }): Promise<Answer> {
  const found = await exports.handler?.({ headers });
  if (!found) throw new Error('no answer');
  return found;
}

test('a stream is answered with 200, a mark and its end', async () => {
  const { statusCode, headers, body } = await answer();

  expect(statusCode).toBe(200);
  expect(headers).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-sse-soft-fail': 'upstream',
    vary: 'origin',
  });
  expect(body).toMatch(/^retry: \d+\nevent: stream:close\ndata: \{"reason":"overloaded"\}\n\n$/);
});

test('retries are spread from the least of the policy to ten times its most', async () => {
  const { least, most } = retryBoundsMs(policy);
  const answers = await Promise.all(Array.from({ length: 200 }, () => answer()));
  const retries = answers.map(({ body }) => Number(/^retry: (\d+)/.exec(body)?.[1]));

  expect(Math.min(...retries)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...retries)).toBeLessThanOrEqual(10 * most);
  expect(Math.max(...retries)).toBeGreaterThan(5 * most);
});

test('the cursor is repeated, and nothing that is none', async () => {
  const with_ = (cursor: string) => answer({ accept: 'text/event-stream', 'last-event-id': cursor });

  expect((await with_('a1-b.2')).body).toContain('\nid: a1-b.2\n');
  expect((await with_('a\ndata: forged')).body).not.toContain('id:');
});

test('who does not ask for a stream is told 503, and when to come back', async () => {
  const { statusCode, headers, body } = await answer({ accept: '*/*' });

  expect([statusCode, body]).toEqual([503, '']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
});

test('pages of other origins may read it where they may read the service', async () => {
  const allowed = async (origin: string) =>
    (await answer({ accept: 'text/event-stream', origin })).headers['access-control-allow-origin'];

  expect([await allowed('https://b.example'), await allowed('https://c.example')]).toEqual([
    'https://b.example',
    undefined,
  ]);
});
