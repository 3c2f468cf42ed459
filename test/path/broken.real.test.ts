import { EventSource } from 'eventsource';
import { type Mutation, startNginx } from '../support/nginx.ts';
import { stopPrograms } from '../support/programs.ts';
import { publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';

/** The shipped files with one line broken: what the path promises has to fail then, or its tests prove nothing. */
describe('one broken line', () => {
  afterEach(async () => {
    closeStreams();
    await stopServices();
  });
  afterAll(stopPrograms);

  const pathWith = async (mutate: Mutation): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> => {
    const { url, app } = await startService({ heartbeatSeconds: 2, maxStreams: 1000 });
    const nginx = await startNginx([Number(new URL(url).port)], { mutate });
    return { url: nginx.url, stop: () => app.close() };
  };

  /** Whether a stream's first bytes come before its first heartbeat would. */
  async function isPrompt(url: string): Promise<boolean> {
    const began = performance.now();
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.event('stream:open');
    await publish(url, 'a', { data: 1 });
    await stream.data(1);
    return performance.now() - began < 1000;
  }

  /** What becomes of an EventSource when all replicas are gone. */
  async function stateAfterOutage({ url, stop }: Awaited<ReturnType<typeof pathWith>>): Promise<number> {
    const source = new EventSource(`${url}/events?channel=a`);
    await new Promise((resolve) => source.addEventListener('stream:open', resolve));
    const refused = new Promise<void>((resolve) => {
      let errors = 0;
      // the first is the end of the stream, the second is how the reconnect was answered
      source.addEventListener('error', () => ++errors === 2 && resolve());
    });
    await stop();
    await refused;
    const { readyState } = source;
    source.close();
    return readyState;
  }

  test('none: streams are prompt, and an EventSource survives an outage', async () => {
    const path = await pathWith((text) => text);
    expect(await isPrompt(path.url)).toBe(true);
    closeStreams();
    expect(await stateAfterOutage(path)).toBe(EventSource.CONNECTING);
  }, 30_000);

  test('buffering on, and HTTP/1.0 to the service: streams are late', async () => {
    const { url } = await pathWith((text) =>
      text
        .replace('proxy_buffering off;', 'proxy_buffering on;\nproxy_ignore_headers X-Accel-Buffering;')
        .replaceAll('proxy_http_version 1.1;', 'proxy_http_version 1.0;'),
    );
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 3000));
    expect(await Promise.race([isPrompt(url), late])).toBe(false);
  }, 30_000);

  test('no soft-fail: an EventSource closes for good', async () => {
    const path = await pathWith((text) => text.replace('error_page 502 503 504 = @sse_kit_refusal;', ''));
    expect(await stateAfterOutage(path)).toBe(EventSource.CLOSED);
  }, 30_000);

  test('an idle timer below the heartbeat: a quiet stream is cut', async () => {
    const { url } = await pathWith((text) => text.replace('proxy_read_timeout 60s;', 'proxy_read_timeout 1s;'));
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.ended;
    expect(stream.events.map(({ event }) => event)).toEqual(['stream:open']);
  }, 30_000);
});
