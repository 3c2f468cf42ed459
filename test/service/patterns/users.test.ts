import { startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../../support/stream.ts';
import { admin, jwt, token } from '../../support/tokens.ts';
import { ask } from './support.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const bearer = (text: string): Record<string, string> => ({ authorization: `Bearer ${text}` });
const start = async (): Promise<string> =>
  (await startService({}, { auth: jwt, patterns: ['notifications', 'dashboard', 'tokens'] })).url;

describe('with real tokens', () => {
  test('a user without any grant reads their notifications and their answers', async () => {
    const url = await start();
    const ada = bearer(token({ sse: undefined }));
    await ask('POST', `${url}/notifications/ada`, { body: { title: 't' }, headers: bearer(admin()) });
    expect((await ask('GET', `${url}/notifications/unread`, { headers: ada })).body).toMatchObject({ unread: 1 });
    const { body } = await ask('POST', `${url}/answers`, { body: { prompt: 'two words' }, headers: ada });
    const stream = await openStream(`${url}/events?channel=${body.channel}`, {
      ...resumeFrom(body.cursor as string),
      ...ada,
    });
    expect(JSON.parse((await stream.event('done')).data)).toMatchObject({ answer: body.answer, length: 9 });
  });

  test('nobody without a token gets anywhere but to the page', async () => {
    const url = await start();
    expect((await fetch(`${url}/dashboard`)).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/notifications'],
      ['POST', '/notifications/ada'],
      ['PUT', '/notifications/read'],
      ['POST', '/answers'],
      ['DELETE', '/answers/x'],
      ['GET', '/events?channel=sse-kit:dashboard'],
    ] as const)
      expect({ path, ...(await ask(method, url + path)) }).toMatchObject({ path, status: 401 });
  });

  test('the dashboard is an administrator’s, also through a ticket as the page has it', async () => {
    const url = await start();
    const path = '/events?channel=sse-kit:dashboard';
    const widest = bearer(token({ sse: { subscribe: ['*'], publish: ['*'] } }));
    expect(await ask('GET', url + path, { headers: widest })).toMatchObject({ status: 403 });
    const { body } = await ask('POST', `${url}/tickets`, { headers: bearer(admin()) });
    const stream = await openStream(`${url}${path}&ticket=${body.ticket}`);
    await stream.event('sample');
  });
});
