import { rawHttp, type Server } from '../../bench/servers/server.ts';
import { sseKit } from '../../bench/servers/sse-kit.ts';
import { type Session, withSession } from '../../bench/session.ts';

const streams = 5000;

/** What a server spends, per stream or delivery. Processor time, and not the clock: other work on the machine takes none of it. */
interface Costs {
  readonly accepting: number;
  readonly memory: number;
  readonly oneAtATime: number;
  readonly manyAtATime: number;
}

/**
 * A short benchmark against raw node:http in the same run, in which every stream's events are checked. The bars are wide:
 * a busy machine does not reach them, a queue or a timer per stream, a lost batch or a request that is kept do.
 */
const bars: readonly { readonly cost: keyof Costs; readonly atMost: number }[] = [
  { cost: 'accepting', atMost: 2.5 },
  { cost: 'memory', atMost: 0.8 },
  { cost: 'oneAtATime', atMost: 1.3 },
  { cost: 'manyAtATime', atMost: 0.3 },
];

async function costsOf(server: Server): Promise<Costs> {
  let costs: Costs | undefined;
  await withSession(server, async (session) => {
    await session.open({ streams: 500 });
    await session.drop();
    const before = await session.settledBytes();
    const spent = session.running.program.cpuSeconds();
    await session.open({ streams });
    costs = {
      accepting: (session.running.program.cpuSeconds() - spent) / streams,
      memory: ((await session.settledBytes()) - before) / streams,
      oneAtATime: await delivering(session, 1),
      manyAtATime: await delivering(session, 64),
    };
  });
  if (costs === undefined) throw new Error(`${server.name} was not measured`);
  return costs;
}

async function delivering(session: Session, window: number): Promise<number> {
  const { serverCpu, deliveries } = await session.drive({ window, ms: 1000 });
  return serverCpu / deliveries;
}

let ours: Costs;
let raw: Costs;

beforeAll(async () => {
  raw = await costsOf(rawHttp);
  ours = await costsOf(sseKit);
}, 120_000);

test.each(bars)('against raw node:http, what $cost costs stays within its bar', ({ cost, atMost }) => {
  expect(ours[cost] / raw[cost]).toBeLessThanOrEqual(atMost);
});
