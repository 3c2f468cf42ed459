import { settingsFromEnv } from '../../service/settings.ts';
import type { Message } from '../../service/workers/messages.ts';
import { Switchboard } from '../../service/workers/peers.ts';
import { shareOf } from '../../service/workers/share.ts';

const redis = { REDIS_URL: 'redis://store' };

describe('WORKERS', () => {
  test('is a number of processes, and one unless told otherwise', () => {
    expect(settingsFromEnv({}).workers).toBe(1);
    expect(settingsFromEnv({ WORKERS: '4', ...redis }).workers).toBe(4);
  });

  test.each([
    ['0', redis, /WORKERS \(0\) must be a whole number from 1 to 64/],
    ['65', redis, /WORKERS \(65\) must be a whole number from 1 to 64/],
    ['2', {}, /WORKERS \(2\) must be 1 without REDIS_URL/],
    ['8', { ...redis, SSE_POLICY: '{"maxStreams":4}' }, /WORKERS \(8\) must be at most 4/],
  ])('%s with %j is refused', (workers, env, message) => {
    expect(() => settingsFromEnv({ WORKERS: workers, ...env })).toThrow(message);
  });

  test('share what the policy allows their replica, to the last stream', () => {
    const settings = settingsFromEnv({
      WORKERS: '3',
      REPLICA: 'one',
      EMF_SERVICE: 'SseKit',
      SSE_POLICY: '{"maxStreams":1000,"connectRatePerSecond":200}',
      ...redis,
    });
    const shares = [0, 1, 2].map((slot) => shareOf(settings, slot));
    expect(shares.map(({ replica }) => replica)).toEqual(['one.0', 'one.1', 'one.2']);
    expect(shares.map(({ emfService }) => emfService)).toEqual(['SseKit', undefined, undefined]);
    expect(shares.map(({ policy }) => policy.maxStreams)).toEqual([334, 333, 333]);
    expect(shares.map(({ policy }) => policy.connectRatePerSecond)).toEqual([67, 67, 66]);
    expect(shares.map(({ policy }) => policy.maxStreamsPerUser)).toEqual([10, 10, 10]);
  });
});

describe('a question to all processes', () => {
  const worker = (): { said: Message[]; isConnected: () => boolean; send: (message: Message) => void } => {
    const said: Message[] = [];
    return { said, isConnected: () => true, send: (message) => said.push(message) };
  };

  test('is put to each, and their answers come back together', () => {
    const board = new Switchboard();
    const [one, two] = [worker(), worker()];
    board.heard({ kind: 'ask', nonce: 7, subject: 'metrics' }, one, [one, two]);
    const [question] = two.said;
    expect([one.said, two.said]).toEqual([[question], [{ kind: 'question', nonce: 1, subject: 'metrics' }]]);
    board.heard({ kind: 'answer', nonce: 1, answer: 'b' }, two, [one, two]);
    board.heard({ kind: 'answer', nonce: 1, answer: 'a' }, one, [one, two]);
    expect(one.said.at(-1)).toEqual({ kind: 'answers', nonce: 7, answers: ['b', 'a'] });
    expect(two.said).toHaveLength(1);
  });

  test('is answered without those that say nothing', () => {
    jest.useFakeTimers();
    const board = new Switchboard();
    const [one, dying] = [worker(), worker()];
    board.heard({ kind: 'ask', nonce: 1, subject: 'metrics' }, one, [one, dying]);
    board.heard({ kind: 'answer', nonce: 1, answer: 'a' }, one, [one, dying]);
    jest.advanceTimersByTime(2500);
    jest.useRealTimers();
    expect(one.said.at(-1)).toEqual({ kind: 'answers', nonce: 1, answers: ['a'] });
  });
});
