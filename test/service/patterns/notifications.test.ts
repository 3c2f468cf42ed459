import type { ServiceSettings } from '../../../service/settings.ts';
import { metric, type RunningService, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { as, ask, believing } from './support.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const start = (settings: Partial<ServiceSettings> = {}, policy = {}): Promise<RunningService> =>
  startService(policy, { patterns: ['notifications'], ...settings }, [believing]);

const notify = (url: string, user: string, body: unknown, headers: Record<string, string> = {}) =>
  ask('POST', `${url}/notifications/${user}`, { body, headers });

const ada = as('ada');

test('a notification reaches all of its user’s tabs, and is on the page afterwards', async () => {
  const { url } = await start();
  const tabs = [
    await openStream(`${url}/events?channel=user:ada`, ada),
    await openStream(`${url}/events?channel=user:ada&type=notification`, ada),
  ];
  const wanted = { title: 'Build passed', body: 'In 3 min', link: '/builds/7', data: { build: 7 } };
  const { status, body } = await notify(url, 'ada', wanted, as('ci', { publish: ['user:*'] }));
  expect({ status, body }).toMatchObject({ status: 201, body: { unread: 1 } });
  for (const tab of tabs) {
    const { data } = await tab.event('notification');
    expect(JSON.parse(data)).toEqual({ ...wanted, ...body, at: expect.any(String) });
  }
  const page = await ask('GET', `${url}/notifications`, { headers: ada });
  expect(page.body).toEqual({
    notifications: [{ id: body.id, ...wanted, at: expect.any(String), read: false }],
    unread: 1,
    revision: body.revision,
  });
  expect(await metric(url, 'sse_events_published_total')).toBe(1);
});

test('reading one, then all, tells every tab how many are left', async () => {
  const { url } = await start();
  const tab = await openStream(`${url}/events?channel=user:ada&type=notifications:unread`, ada);
  const sent = [];
  for (const title of ['a', 'b', 'c']) sent.push((await notify(url, 'ada', { title })).body);
  const one = await ask('PUT', `${url}/notifications/${sent[1]?.id}/read`, { headers: ada });
  const all = await ask('PUT', `${url}/notifications/read`, { headers: ada });
  expect([one.body, all.body]).toEqual([
    { unread: 2, revision: expect.any(Number) },
    { unread: 0, revision: expect.any(Number) },
  ]);
  expect(await tab.data(2)).toEqual([
    { ...one.body, read: sent[1]?.id },
    { ...all.body, read: 'all' },
  ]);
  expect((await ask('GET', `${url}/notifications/unread`, { headers: ada })).body).toEqual(all.body);
});

test('the history is read page by page, by following next', async () => {
  const { url } = await start();
  for (let number = 1; number <= 5; number++) await notify(url, 'ada', { title: String(number) });
  const titles: unknown[] = [];
  let next: unknown = '/notifications?limit=2';
  while (typeof next === 'string') {
    const { body } = await ask('GET', url + next, { headers: ada });
    titles.push((body.notifications as { title: string }[]).map(({ title }) => title));
    next = body.next;
  }
  expect(titles).toEqual([['5', '4'], ['3', '2'], ['1']]);
});

test('without tokens the user is named, and next names them too', async () => {
  const { url } = await start();
  for (const title of ['a', 'b']) await notify(url, 'ada', { title });
  const { body } = await ask('GET', `${url}/notifications?user=ada&limit=1`);
  expect(body.next).toMatch(/^\/notifications\?before=\w+&limit=1&user=ada$/);
  expect((await ask('GET', `${url}/notifications/unread?user=ada`)).body).toMatchObject({ unread: 2 });
  expect((await ask('PUT', `${url}/notifications/read?user=ada`)).body).toMatchObject({ unread: 0 });
  const nameless = await ask('GET', `${url}/notifications`);
  expect(nameless).toMatchObject({ status: 400, body: { detail: expect.stringContaining('?user=') } });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'build-7' };

  test('keeps a notification once, however often it is sent', async () => {
    const { url } = await start();
    const first = await notify(url, 'ada', { title: 'a', data: [1] }, key);
    const again = await notify(url, 'ada', { title: 'a', data: [1] }, key);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect((await notify(url, 'bob', { title: 'a' }, key)).body).toMatchObject({ unread: 1 });
  });

  test('is not taken for something else', async () => {
    const { url } = await start();
    await notify(url, 'ada', { title: 'a' }, key);
    expect(await notify(url, 'ada', { title: 'b' }, key)).toMatchObject({ status: 422 });
    expect(await notify(url, 'ada', { title: 'b' }, { 'idempotency-key': 'two words' })).toMatchObject({ status: 400 });
  });
});

describe('what is refused', () => {
  test.each([
    ['no title', {}, 400, 'title'],
    ['an empty title', { title: '' }, 400, 'title'],
    ['a title too long', { title: 'x'.repeat(201) }, 400, 'title'],
    ['a body too long', { title: 't', body: 'x'.repeat(2001) }, 400, 'body/body'],
    ['an unknown key', { title: 't', id: 'mine' }, 400, 'additional properties'],
    ['a link that runs', { title: 't', link: 'javascript:alert(1)' }, 400, 'link'],
    ['a link to another site in disguise', { title: 't', link: '//evil.example' }, 400, 'link'],
    ['data too large', { title: 't', data: 'x'.repeat(4096) }, 413, 'data has 4098 bytes'],
    ['no object', '"t"', 400, 'object'],
  ])('%s', async (_what, body, status, says) => {
    const { url } = await start();
    const answer = await notify(url, 'ada', body);
    expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(says) } });
    expect(answer.headers.get('content-type')).toMatch(/^application.problem.json/);
    expect((await ask('GET', `${url}/notifications/unread?user=ada`)).body.unread).toBe(0);
  });

  test('a notification for somebody the caller may not publish to', async () => {
    const { url } = await start();
    expect(await notify(url, 'bob', { title: 't' }, ada)).toMatchObject({ status: 403 });
    expect(await notify(url, 'bob', { title: 't' }, as('root', { admin: true }))).toMatchObject({ status: 201 });
  });

  test('a look at somebody else’s, but for administrators', async () => {
    const { url } = await start();
    for (const [method, path] of [
      ['GET', '/notifications'],
      ['GET', '/notifications/unread'],
      ['PUT', '/notifications/read'],
      ['PUT', '/notifications/x/read'],
    ] as const)
      expect(await ask(method, `${url}${path}?user=bob`, { headers: ada })).toMatchObject({ status: 403 });
    const root = as('root', { admin: true });
    expect(await ask('GET', `${url}/notifications?user=bob`, { headers: root })).toMatchObject({ status: 200 });
  });

  test('what is not there, and pages that cannot be', async () => {
    const { url } = await start();
    expect(await ask('PUT', `${url}/notifications/gone/read`, { headers: ada })).toMatchObject({ status: 404 });
    expect(await ask('GET', `${url}/notifications?limit=101`, { headers: ada })).toMatchObject({ status: 400 });
    expect(await ask('GET', `${url}/notifications?before=A!`, { headers: ada })).toMatchObject({ status: 400 });
    expect(await ask('GET', `${url}/notifications`, { headers: as('a b') })).toMatchObject({ status: 400 });
  });

  test('everything, where the pattern is not switched on', async () => {
    const { url } = await start({ patterns: [] });
    expect(await notify(url, 'ada', { title: 't' })).toMatchObject({ status: 404 });
  });
});
