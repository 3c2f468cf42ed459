import type { Broker } from '../../service/broker/broker.ts';
import { StoreUnavailable } from '../../service/broker/broker.ts';
import { EmbeddedBroker } from '../../service/broker/embedded.ts';
import { Control, controlChannel } from '../../service/control.ts';

const history = { replaySeconds: 60, replayMaxEvents: 100 };

/** Two replicas' controls over one broker. */
async function pair(): Promise<[Control, Control]> {
  const broker = new EmbeddedBroker(history);
  const controls: [Control, Control] = [new Control(broker), new Control(broker)];
  const event: Parameters<Broker['start']>[0]['event'] = (one) => {
    if (one.channel === controlChannel) for (const control of controls) control.heard(one);
  };
  await broker.start({ event, gap: () => {} });
  await Promise.all(controls.map((control) => control.listen()));
  return controls;
}

describe('what replicas tell each other', () => {
  test('is heard by all of them, the teller included', async () => {
    const [here, there] = await pair();
    const heard: string[] = [];
    here.on('revoked', ({ user }) => heard.push(`here ${user}`));
    there.on('revoked', ({ user }) => heard.push(`there ${user}`));
    await here.tell('revoked', { user: 'u', at: 1 });
    expect(heard).toEqual(['here u', 'there u']);
  });

  test('is answered by whoever holds the stream', async () => {
    const [here, there] = await pair();
    there.on('retype', ({ nonce, stream }) => void there.tell('retyped', { nonce, allowed: stream === 'theirs' }));
    const question = { types: [], user: undefined, admin: false };
    expect(await here.retype({ ...question, nonce: '1', stream: 'theirs' })).toBe(true);
    expect(await here.retype({ ...question, nonce: '2', stream: 'forbidden' })).toBe(false);
  });

  test('has no answer when nobody holds the stream', async () => {
    const [here] = await pair();
    const question = { nonce: '1', stream: 'gone', types: [], user: undefined, admin: false };
    jest.useFakeTimers();
    const answer = here.retype(question);
    await jest.advanceTimersByTimeAsync(2000);
    jest.useRealTimers();
    expect(await answer).toBeUndefined();
  });

  test('is listened to as soon as a store that is away at first comes back', async () => {
    jest.useFakeTimers();
    let tries = 0;
    const hold = async (): Promise<void> => {
      if (++tries < 3) throw new StoreUnavailable('away');
    };
    const listening = new Control(Object.assign(new EmbeddedBroker(history), { hold })).listen();
    await jest.advanceTimersByTimeAsync(5000);
    await listening;
    jest.useRealTimers();
    expect(tries).toBe(3);
  });
});
