import { defaults, hopRules, retryBoundsMs } from '../../../lib/policy/index.ts';
import { cloudflare } from '../../../lib/targets/index.ts';

const rendered = cloudflare.render(defaults);
const files = cloudflare.files(defaults);

test('a zone without settings counts with the defaults of Cloudflare', () => {
  expect(cloudflare.read({ zone: {}, enterprise: {}, cacheRule: {}, compressionRule: {}, logpush: {} })).toEqual({
    target: 'cloudflare',
    idleTimers: [{ value: 100, setting: 'proxy_read_timeout: 100' }],
    buffering: { value: false, setting: 'response_buffering: off' },
    compression: { value: false, setting: 'compression rule: default' },
    caching: { value: false, setting: 'cache rule: cache by extension' },
    logsQuery: { value: false, setting: 'Logpush none' },
  });
});

test.each([
  ['idle-timer-outlasts-silence', { enterprise: { proxy_read_timeout: 30 } }],
  ['streams-are-not-buffered', { enterprise: { response_buffering: 'on' } }],
  ['streams-are-not-compressed', { compressionRule: { algorithm: 'auto' } }],
  ['streams-are-not-cached', { cacheRule: { cache: true } }],
  ['tokens-stay-out-of-logs', { logpush: { fields: 'ClientIP,ClientRequestURI' } }],
  ['tokens-stay-out-of-logs', { logpush: { fields: 'ClientRequestReferer,ClientIP' } }],
])('fails %s, and nothing else, with %j', (rule, change) => {
  const hop = cloudflare.read({ ...rendered, ...change });

  expect(hopRules.filter((one) => one.judge(defaults, hop).verdict === 'broken').map(({ id }) => id)).toEqual([rule]);
});

/** Bodies as the API describes them: rulesets_SetCacheSettingsRule and rulesets_CompressResponseRule. */
test('rules are what the API takes', () => {
  const expression = 'http.request.uri.path in {"/events" "/events/poll" "/diagnostics/stream"}';
  const description = 'event streams pass (sse-kit)';

  expect(JSON.parse(files['cache-rule.json'] ?? '')).toEqual({
    ref: 'sse_kit_cache',
    description,
    expression,
    action: 'set_cache_settings',
    action_parameters: { cache: false },
  });
  expect(JSON.parse(files['compression-rule.json'] ?? '')).toEqual({
    ref: 'sse_kit_compression',
    description,
    expression,
    action: 'compress_response',
    action_parameters: { algorithms: [{ name: 'none' }] },
  });
});

describe('the Worker', () => {
  type Fetch = (request: Request) => Promise<Response>;

  /** The rendered file, with an origin that answers like this. */
  const withOrigin = (origin: Fetch): Fetch => {
    const code = (files['worker.js'] ?? '').replace('export default', 'return');
    return new Function('fetch', code)(origin).fetch;
  };
  const asked = (headers: Readonly<Record<string, string>> = { accept: 'text/event-stream' }): Request =>
    new Request('https://sse.example.com/events?channel=a', { headers });
  const status =
    (code: number): Fetch =>
    async () =>
      new Response('page', { status: code });

  test.each([502, 503, 504, 520, 524, 530])('refuses softly when the origin says %d', async (code) => {
    const response = await withOrigin(status(code))(asked({ accept: 'text/event-stream', 'last-event-id': 'e1-9' }));
    const [, retry] = /^retry: (\d+)\nid: e1-9\n\n$/.exec(await response.text()) ?? [];
    const { least, most } = retryBoundsMs(defaults);

    expect([response.status, response.headers.get('x-sse-soft-fail')]).toEqual([200, 'upstream']);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(Number(retry)).toBeGreaterThanOrEqual(least);
    expect(Number(retry)).toBeLessThanOrEqual(most);
  });

  test('draws another moment for each', async () => {
    const fetch = withOrigin(status(503));
    const bodies = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(asked())).text()));

    expect(new Set(bodies).size).toBeGreaterThan(10);
  });

  test('repeats no id that is not a cursor', async () => {
    const response = await withOrigin(status(503))(asked({ accept: 'text/event-stream', 'last-event-id': 'a: b' }));
    expect(await response.text()).toMatch(/^retry: \d+\n\n$/);
  });

  test('lets a page of another origin read its refusal', async () => {
    const origin = 'https://app.example.net';
    const refusal = await withOrigin(status(503))(asked({ accept: 'text/event-stream', origin }));
    const withoutOrigin = await withOrigin(status(503))(asked());

    expect(Object.fromEntries(refusal.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    });
    expect(withoutOrigin.headers.has('access-control-allow-origin')).toBe(false);
    expect(withoutOrigin.headers.get('vary')).toBe('Origin');
  });

  test('refuses softly when nobody answers at all', async () => {
    const fetch = withOrigin(() => Promise.reject(new Error('no origin')));
    expect((await fetch(asked())).status).toBe(200);
    await expect(fetch(asked({}))).rejects.toThrow('no origin');
  });

  test.each([200, 204, 401, 404, 429])('leaves %d alone, and the truth for ordinary clients', async (code) => {
    const response = new Response(null, { status: code });
    expect(await withOrigin(async () => response)(asked())).toBe(response);
    expect((await withOrigin(status(503))(asked({ accept: 'text/html' }))).status).toBe(503);
  });
});
