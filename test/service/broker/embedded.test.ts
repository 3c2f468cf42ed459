import { EmbeddedBroker } from '../../../service/broker/embedded.ts';
import { positionOfTime } from '../../../service/broker/position.ts';
import { brokerContract, listen } from './contract.ts';

describe('the embedded broker', () => {
  brokerContract((history) => new EmbeddedBroker(history));

  test('forgets by age, and says so', async () => {
    let now = 1_700_000_000_000;
    const { broker } = await listen(new EmbeddedBroker({ replaySeconds: 10, replayMaxEvents: 100 }, () => now));
    const [old] = await broker.publish('a', [{ data: 'old' }]);
    now += 11_000;
    await broker.publish('a', [{ data: 'new' }]);

    expect(await broker.replay(['a'], (old?.position ?? 0) - 1, positionOfTime(now + 1))).toMatchObject({
      events: [{ data: 'new' }],
      evicted: ['a'],
    });
    await broker.close();
  });

  test('forgets the key of a publish after as long as its event, and ten minutes at least', async () => {
    let now = 1_700_000_000_000;
    const { broker } = await listen(new EmbeddedBroker({ replaySeconds: 10, replayMaxEvents: 100 }, () => now));
    const publish = () => broker.publish('a', [{ data: '1' }], { key: 'k', fingerprint: 'f' });
    await publish();
    now += 599_000;
    expect((await publish()).repeated).toBe(true);
    now += 2000;
    expect((await publish()).repeated).toBeUndefined();
    await broker.close();
  });

  test('goes on rising when the clock goes back', async () => {
    let now = 1_700_000_000_000;
    const { broker } = await listen(new EmbeddedBroker({ replaySeconds: 10, replayMaxEvents: 100 }, () => now));
    const [first] = await broker.publish('a', [{ data: '1' }]);
    now -= 3_600_000;
    const [second] = await broker.publish('a', [{ data: '2' }]);

    expect(second?.position).toBe((first?.position ?? Number.NaN) + 1);
    await broker.close();
  });
});
