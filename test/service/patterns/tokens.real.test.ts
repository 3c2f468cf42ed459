import { wordsOf } from '../../../service/patterns/tokens/echo.ts';
import { stopPrograms } from '../../support/programs.ts';
import { sharedRedis } from '../../support/redis.ts';
import { type RunningService, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream, resumeFrom, type TestStream } from '../../support/stream.ts';
import { ask } from './support.ts';

const redis = sharedRedis();
afterEach(async () => {
  closeStreams();
  await stopServices();
});
afterAll(stopPrograms);

async function start(): Promise<RunningService> {
  const service = await startService({}, { redisUrl: redis.server.url, patterns: ['tokens'] });
  while (!(await fetch(`${service.url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  return service;
}

interface Token {
  readonly i: number;
  readonly text: string;
}

const tokensOf = ({ events }: TestStream): Token[] =>
  events.filter(({ event }) => event === 'token').map(({ data }) => JSON.parse(data) as Token);

const textOf = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join('');

const prompt = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');

test('an answer is read on one replica, then on the other, without a word lost or repeated', async () => {
  const [here, there] = [await start(), await start()];
  const { body } = await ask('POST', `${here.url}/answers`, { body: { prompt } });
  const path = `/events?channel=${body.channel}`;
  const first = await openStream(here.url + path, resumeFrom(body.cursor as string));
  await first.until(() => tokensOf(first).length >= 5);
  first.close();
  const seen = tokensOf(first);
  const last = first.events.at(-1)?.id;
  const second = await openStream(there.url + path, resumeFrom(last));
  await second.event('done');
  const all = [...seen, ...tokensOf(second)];
  expect(textOf(all)).toBe(prompt);
  expect(all.map(({ i }) => i)).toEqual(all.map((_, index) => index));
});

test('an answer is cancelled through a replica that does not make it', async () => {
  const [here, there] = [await start(), await start()];
  const { body } = await ask('POST', `${here.url}/answers`, { body: { prompt } });
  const stream = await openStream(`${there.url}/events?channel=${body.channel}`, resumeFrom(body.cursor as string));
  await stream.until(() => tokensOf(stream).length > 0);
  await ask('DELETE', `${there.url}/answers/${body.answer}`);
  const end = JSON.parse((await stream.event('cancelled')).data) as { events: number; length: number };
  expect(end).toMatchObject({ events: tokensOf(stream).length, length: textOf(tokensOf(stream)).length });
  expect(end.events).toBeLessThan(wordsOf(prompt).length);
});

test('a replica that stops tells the readers on the other one', async () => {
  const [here, there] = [await start(), await start()];
  const { body } = await ask('POST', `${here.url}/answers`, { body: { prompt } });
  const stream = await openStream(`${there.url}/events?channel=${body.channel}`, resumeFrom(body.cursor as string));
  await stream.until(() => tokensOf(stream).length > 0);
  await here.app.close();
  expect(JSON.parse((await stream.event('failed')).data)).toMatchObject({ answer: body.answer, reason: 'drain' });
});
