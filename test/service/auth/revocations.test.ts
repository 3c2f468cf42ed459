import { anyone, type Caller } from '../../../service/auth/caller.ts';
import { Revocations } from '../../../service/auth/revocations.ts';
import type { Broker } from '../../../service/broker/broker.ts';
import { StoreUnavailable } from '../../../service/broker/broker.ts';
import { EmbeddedBroker } from '../../../service/broker/embedded.ts';
import { Control, controlChannel } from '../../../service/control.ts';
import { EmbeddedState } from '../../../service/state/embedded.ts';

const ada = (issuedAt: number | undefined): Caller => ({ ...anyone, user: 'ada', issuedAt });

interface Replica {
  readonly revocations: Revocations;
  readonly ended: string[];
  readonly control: Control;
}

/** Replicas that share a broker and a state. */
async function replicas(count: number, state = new EmbeddedState()): Promise<Replica[]> {
  const broker = new EmbeddedBroker({ replaySeconds: 60, replayMaxEvents: 100 });
  const all = Array.from({ length: count }, (): Replica => {
    const ended: string[] = [];
    const control = new Control(broker);
    return { control, ended, revocations: new Revocations({ state, control, end: (user) => ended.push(user) }) };
  });
  const event: Parameters<Broker['start']>[0]['event'] = (one) => {
    if (one.channel === controlChannel) for (const { control } of all) control.heard(one);
  };
  await broker.start({ event, gap: () => {} });
  running.push(...all);
  return all;
}

const running: Replica[] = [];

afterEach(() => {
  for (const { revocations } of running.splice(0)) revocations.close();
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a revocation', () => {
  test('ends the user’s streams on every replica, once', async () => {
    const [here, there] = (await replicas(2)) as [Replica, Replica];
    const at = await here.revocations.revoke('ada');
    for (const { ended, revocations } of [here, there]) {
      expect(ended).toEqual(['ada']);
      expect(revocations.covers(ada(at - 1))).toBe(true);
      expect(revocations.covers(ada(at + 1))).toBe(false);
      expect(revocations.covers(ada(undefined))).toBe(true);
      expect(revocations.covers({ ...anyone, user: 'bob', issuedAt: 0 })).toBe(false);
      expect(revocations.covers(anyone)).toBe(false);
    }
  });

  test('counts from its latest time on, in whatever order replicas hear of it', async () => {
    const [here] = (await replicas(1)) as [Replica];
    await here.control.tell('revoked', { user: 'ada', at: 2000 });
    await here.control.tell('revoked', { user: 'ada', at: 1000 });
    expect(here.revocations.covers(ada(1500))).toBe(true);
    expect(here.ended).toEqual(['ada']);
  });

  test('is known to replicas that start later', async () => {
    const state = new EmbeddedState();
    const [here] = (await replicas(1, state)) as [Replica];
    const at = await here.revocations.revoke('ada');
    const [later] = (await replicas(1, state)) as [Replica];
    expect(later.revocations.known).toBe(false);
    later.revocations.start();
    await later.revocations.read();
    expect(later.revocations.known).toBe(true);
    expect(later.revocations.covers(ada(at))).toBe(true);
  });

  test('is told again to a store that has lost it', async () => {
    const notes = jest.fn(async () => new Map<string, number>());
    const state = Object.assign(new EmbeddedState(), { notes, note: jest.fn(async () => {}) });
    const [here] = (await replicas(1, state)) as [Replica];
    const at = await here.revocations.revoke('ada');
    state.note.mockClear();
    here.control.missed();
    await settled();
    expect(state.note).toHaveBeenCalledWith('revoked', 'ada', at, expect.any(Number));
  });

  test('that the store cannot keep does not happen', async () => {
    const note = async (): Promise<void> => {
      throw new StoreUnavailable('away');
    };
    const [here, there] = (await replicas(2, Object.assign(new EmbeddedState(), { note }))) as [Replica, Replica];
    await expect(here.revocations.revoke('ada')).rejects.toThrow(StoreUnavailable);
    expect([...here.ended, ...there.ended]).toEqual([]);
  });

  test('is looked for until the store is there', async () => {
    jest.useFakeTimers();
    let tries = 0;
    const notes = async (): Promise<Map<string, number>> => {
      if (++tries < 3) throw new StoreUnavailable('away');
      return new Map([['ada', Date.now()]]);
    };
    const [here] = (await replicas(1, Object.assign(new EmbeddedState(), { notes }))) as [Replica];
    here.revocations.start();
    await jest.advanceTimersByTimeAsync(5000);
    jest.useRealTimers();
    expect(tries).toBe(3);
    expect(here.ended).toEqual(['ada']);
  });
});
