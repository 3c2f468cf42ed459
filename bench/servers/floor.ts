import { compile, hasCompiler } from '../compile.ts';
import { freePort, listening, Program } from '../program.ts';
import type { Server } from './server.ts';

/** One `send()` per stream and event, in C: below this nothing can go that does not gather events. */
export const floor: Server = {
  name: 'C floor',
  oneChannel: true,
  missing: () => (hasCompiler ? undefined : 'there is no C compiler'),
  start: async () => {
    const port = await freePort();
    const program = new Program('server', [compile('floor', ['floor.c']), String(port)]);
    await listening(program, port);
    return { program, port, takesOrders: false, stop: () => program.stop() };
  },
};
