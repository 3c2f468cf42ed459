// Loaded into every Node server of the bench, beside its own code: collects garbage and profiles when it is told to.
import { Session } from 'node:inspector/promises';

// the image runs the service without source maps, which cost a server that builds many errors at once
process.setSourceMapsEnabled(false);

const profiler = new Session();

const orders: Readonly<Record<string, () => Promise<unknown>>> = {
  async collect() {
    // twice: what finalizers let go of goes with the second
    for (let round = 0; round < 2; round++) globalThis.gc?.();
  },
  async profile() {
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: 500 });
    await profiler.post('Profiler.start');
  },
  async profiled() {
    const { profile } = await profiler.post('Profiler.stop');
    profiler.disconnect();
    return profile;
  },
};

process.on('message', async (order: string) => process.send?.((await orders[order]?.()) ?? 'done'));
// the channel alone must not keep the server alive
process.channel?.unref();
