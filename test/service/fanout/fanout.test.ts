import fc from 'fast-check';
import { Fanout } from '../../../service/fanout/fanout.ts';
import type { FanoutOptions } from '../../../service/fanout/options.ts';
import type { Event, Group, Outlet, Stream } from '../../../service/fanout/stream.ts';

type Reason = 'age' | 'expired' | 'slow' | 'drain';

/** An outlet that keeps what it is given, and can be full. */
class FakeOutlet implements Outlet {
  text = '';
  writes = 0;
  full = false;
  unsentBytes = 0;
  ended = false;
  destroyed = false;

  write(bytes: Buffer): boolean {
    this.writes++;
    this.text += bytes.toString();
    if (this.full) this.unsentBytes += bytes.length;
    return !this.full;
  }

  end(bytes: Buffer): void {
    this.text += bytes.toString();
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

type Client = Stream<Event> & { readonly outlet: FakeOutlet };

const cores: Fanout<Event, Reason>[] = [];
afterEach(() => {
  for (const core of cores.splice(0)) core.stop();
});

function coreWith(options: Partial<FanoutOptions<Event, Reason>> = {}): Fanout<Event, Reason> {
  const core = new Fanout<Event, Reason>({
    heartbeatMs: 60_000,
    heartbeat: () => Buffer.from('beat;'),
    stallMs: 180_000,
    slowClientBytes: 10_000,
    reasons: { age: 'age', expired: 'expired', slow: 'slow' },
    goodbye: (reason) => Buffer.from(`bye:${reason}`),
    ...options,
  });
  cores.push(core);
  return core;
}

const groupIn = (
  core: Fanout<Event, Reason>,
  channels: readonly string[] = ['a'],
  accepts: (event: Event) => boolean = () => true,
): Group<Event> =>
  core.createGroup(
    { key: channels.join(), channels, shape: 'plain', accepts, frame: ({ position }) => Buffer.from(`${position};`) },
    0,
  );

function client(core: Fanout<Event, Reason>, group: Group<Event>, endsInMs = 1e9, owner?: string): Client {
  const outlet = new FakeOutlet();
  return core.open({
    id: 'id',
    group,
    outlet,
    framing: 'raw',
    heartbeat: 'comment',
    owner,
    expires: false,
    endsInMs,
  }) as Client;
}

function joined(core: Fanout<Event, Reason>, group: Group<Event>, owner?: string): Client {
  const stream = client(core, group, 1e9, owner);
  core.join(stream, group.ring.head);
  return stream;
}

const event = (position: number, channel = 'a', type?: string): Event => ({
  channel,
  position,
  ...(type !== undefined && { type }),
});
const swept = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the fan-out core', () => {
  test('sends an event to the streams of its channel, and to no others', async () => {
    const core = coreWith();
    const [a, b] = [joined(core, groupIn(core, ['a'])), joined(core, groupIn(core, ['b']))];
    core.append(event(1, 'a'));
    await swept();
    expect([a.outlet.text, b.outlet.text]).toEqual(['1;', '']);
  });

  test('merges many channels in the order of their positions', async () => {
    const core = coreWith();
    const both = joined(core, groupIn(core, ['a', 'b']));
    for (const [position, channel] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
    ] as const)
      core.append(event(position, channel));
    await swept();
    expect(both.outlet.text).toBe('1;2;3;');
  });

  test('leaves out what the group’s filter does not accept', async () => {
    const core = coreWith();
    const stream = joined(
      core,
      groupIn(core, ['a'], ({ type }) => type === 'wanted'),
    );
    core.append(event(1, 'a', 'wanted'));
    core.append(event(2, 'a', 'other'));
    await swept();
    expect(stream.outlet.text).toBe('1;');
  });

  test('puts what is published together into one write', async () => {
    const core = coreWith();
    const stream = joined(core, groupIn(core));
    for (let position = 1; position <= 100; position++) core.append(event(position));
    await swept();
    expect(stream.outlet.writes).toBe(1);
    expect(core.delivered).toBe(100);
  });

  test('serves ten thousand streams in slices, so that other work gets its turn', async () => {
    const core = coreWith();
    const group = groupIn(core);
    const streams = Array.from({ length: 10_000 }, () => joined(core, group));
    core.append(event(1));
    let turns = 0;
    while (streams.some(({ outlet }) => outlet.text === '')) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect(streams.every(({ outlet }) => outlet.text === '1;')).toBe(true);
    expect(turns).toBeGreaterThan(0);
  });

  test('serves a stream whose outlet was full from where it stood, once it has drained', async () => {
    const core = coreWith();
    const group = groupIn(core);
    const [quick, late] = [joined(core, group), joined(core, group)];
    late.outlet.full = true;
    for (let position = 1; position <= 3; position++) {
      core.append(event(position));
      await swept();
    }
    expect([quick.outlet.text, late.outlet.text]).toEqual(['1;2;3;', '1;']);
    late.outlet.full = false;
    late.outlet.unsentBytes = 0;
    core.drained(late);
    expect(late.outlet.text).toBe('1;2;3;');
    expect(late.outlet.writes).toBe(2);
  });

  test('closes a stream whose unsent bytes are too many, and tells it why', async () => {
    const closed: unknown[] = [];
    const core = coreWith({ slowClientBytes: 20, closed: (_, reason) => closed.push(reason) });
    const group = groupIn(core);
    const [quick, slow] = [joined(core, group), joined(core, group)];
    slow.outlet.full = true;
    for (let position = 1; position <= 15; position++) {
      core.append(event(position));
      await swept();
    }
    expect(closed).toEqual(['slow']);
    expect(slow.outlet.text.endsWith('bye:slow')).toBe(true);
    expect(quick.outlet.text.endsWith('15;')).toBe(true);
    expect(core.size).toBe(1);
  });

  test('does not close a reader that keeps up with a burst larger than the limit', async () => {
    const core = coreWith({ slowClientBytes: 20 });
    const stream = joined(core, groupIn(core));
    for (let position = 1; position <= 12; position++) core.append(event(position));
    await swept();
    expect(stream.outlet.text).toBe('1;2;3;4;5;6;7;8;9;10;11;12;');
    expect(stream.closed).toBe(false);
  });

  test('does not take a reader for slow because of the lag it joined with', async () => {
    const core = coreWith({ slowClientBytes: 20 });
    const group = groupIn(core);
    const stream = client(core, group);
    for (let position = 1; position <= 15; position++) core.append(event(position));
    stream.outlet.full = true;
    core.join(stream, 0);
    core.append(event(16));
    await swept();
    expect(stream.closed).toBe(false);
    while (stream.outlet.unsentBytes > 0) drain(core, stream);
    expect(stream.outlet.text).toBe(Array.from({ length: 16 }, (_, index) => `${index + 1};`).join(''));
  });

  test('gives every stream each event exactly once and in order, however they come, stall and go', async () => {
    type Step = { readonly kind: 'append' | 'join' | 'fill' | 'drain' | 'leave' | 'sweep'; readonly pick: number };
    const step = fc.record<Step>({
      kind: fc.constantFrom('append', 'append', 'append', 'join', 'fill', 'drain', 'leave', 'sweep'),
      pick: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const core = coreWith({ slowClientBytes: 1_000_000 });
        const group = groupIn(core);
        const streams: { readonly stream: Client; readonly outlet: FakeOutlet; readonly after: number }[] = [];
        let position = 0;
        for (const { kind, pick } of steps) {
          const stream = streams[pick % Math.max(1, streams.length)]?.stream;
          if (kind === 'append') core.append(event(++position));
          const joining = kind === 'join' && joined(core, group);
          if (joining) streams.push({ stream: joining, outlet: joining.outlet, after: position });
          if (kind === 'fill' && stream && !stream.closed) stream.outlet.full = true;
          if (kind === 'drain' && stream && !stream.closed) drain(core, stream);
          if (kind === 'leave' && stream) core.gone(stream);
          if (kind === 'sweep') await swept();
        }
        for (const { stream } of streams) if (!stream.closed) drain(core, stream);
        await swept();
        for (const { stream, outlet, after } of streams) {
          const expected = Array.from({ length: position - after }, (_, index) => `${after + index + 1};`).join('');
          if (stream.closed) expect(expected.startsWith(outlet.text)).toBe(true);
          else expect(outlet.text).toBe(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('sends a heartbeat after so much silence, and none to a stream that was written to', () => {
    jest.useFakeTimers();
    let now = 0;
    const core = coreWith({ heartbeatMs: 1000, now: () => now });
    const group = groupIn(core);
    const [quiet, busy] = [joined(core, group), joined(core, group)];
    for (now = 50; now <= 3000; now += 50) {
      if (now % 500 === 0) core.write(busy, Buffer.from('x'));
      jest.advanceTimersByTime(50);
    }
    jest.useRealTimers();
    expect(quiet.outlet.text).toMatch(/^(beat;){2,3}$/);
    expect(busy.outlet.text).toBe('xxxxxx');
  });

  test('ends a stream at its age, and one that has taken no byte for too long', () => {
    jest.useFakeTimers();
    let now = 0;
    const core = coreWith({ heartbeatMs: 1000, stallMs: 3000, now: () => now });
    const group = groupIn(core);
    const old = client(core, group, 2500);
    const stuck = client(core, group);
    stuck.outlet.full = true;
    core.write(stuck, Buffer.from('x'));
    for (now = 50; now <= 12_000; now += 50) jest.advanceTimersByTime(50);
    jest.useRealTimers();
    expect(old.outlet.text).toMatch(/bye:age$/);
    expect(stuck.outlet.text).toBe('xbye:slow');
    expect(stuck.outlet.destroyed).toBe(true);
    expect(core.size).toBe(0);
  });

  test('closes evenly over the drain window, and inside it', async () => {
    const core = coreWith();
    const group = groupIn(core);
    const times: number[] = [];
    const began = performance.now();
    for (let index = 0; index < 100; index++) {
      const { outlet } = joined(core, group);
      outlet.end = () => times.push(performance.now() - began);
    }
    await core.drain(500, 'drain');
    expect(times).toHaveLength(100);
    expect(Math.max(...times)).toBeLessThan(600);
    const firstHalf = times.filter((time) => time < 250).length;
    expect(firstHalf).toBeGreaterThan(25);
    expect(firstHalf).toBeLessThan(75);
  });

  test('ends a stream when its owner’s rights do, and says so', () => {
    jest.useFakeTimers();
    let now = 0;
    const core = coreWith({ heartbeatMs: 1000, now: () => now });
    const outlet = new FakeOutlet();
    const opening = { id: 'id', owner: 'u', framing: 'raw', heartbeat: 'comment' } as const;
    core.open({ ...opening, group: groupIn(core), outlet, endsInMs: 500, expires: true });
    for (now = 50; now <= 1000; now += 50) jest.advanceTimersByTime(50);
    jest.useRealTimers();
    expect(outlet.text).toBe('bye:expired');
  });

  test('ends all streams of an owner, and nobody else’s', () => {
    const core = coreWith();
    const group = groupIn(core);
    const [first, second, other] = ['u', 'u', 'v'].map((owner) => joined(core, group, owner)) as [
      Client,
      Client,
      Client,
    ];
    core.closeOf('u', 'expired');
    expect([first, second, other].map(({ outlet }) => outlet.text)).toEqual(['bye:expired', 'bye:expired', '']);
    expect(core.size).toBe(1);
  });

  test('takes a stream over to another group without losing or repeating an event', async () => {
    const core = coreWith();
    const odd = groupIn(core, ['a'], ({ position }) => position % 2 === 1);
    const all = core.createGroup({ ...odd, key: 'all', accepts: () => true }, 0);
    const [stays, moves, behind] = [joined(core, odd), joined(core, odd), joined(core, odd)];
    behind.outlet.full = true;
    core.write(behind, Buffer.from('!'));
    for (const position of [1, 2]) core.append(event(position));
    core.move(moves, all);
    core.move(behind, all);
    for (const position of [3, 4]) core.append(event(position));
    await swept();
    drain(core, behind);
    for (const position of [5, 6]) core.append(event(position));
    await swept();
    expect(stays.outlet.text).toBe('1;3;5;');
    expect(moves.outlet.text).toBe('1;3;4;5;6;');
    // it had yet to take what its first group held, and got that before anything else
    expect(behind.outlet.text).toBe('!1;3;5;6;');
    expect([odd.streams.length, all.streams.length]).toEqual([1, 2]);
  });

  test('forgets a group that nobody came back to, and keeps one for the clients of a reload', () => {
    jest.useFakeTimers();
    let now = 0;
    const forgotten: string[] = [];
    const core = coreWith({ now: () => now, forgotten: ({ key }) => forgotten.push(key) });
    const [left, visited] = [joined(core, groupIn(core, ['left'])), joined(core, groupIn(core, ['visited']))];
    core.gone(left);
    core.gone(visited);
    for (now = 0; now < 20_000; now += 1000) jest.advanceTimersByTime(1000);
    joined(core, visited.group);
    for (; now < 60_000; now += 1000) jest.advanceTimersByTime(1000);
    jest.useRealTimers();
    expect(forgotten).toEqual(['left']);
    expect(core.groupOf('left')).toBeUndefined();
    expect(core.groupOf('visited')).toBe(visited.group);
  });
});

function drain(core: Fanout<Event, Reason>, stream: Client): void {
  stream.outlet.full = false;
  stream.outlet.unsentBytes = 0;
  core.drained(stream);
}
