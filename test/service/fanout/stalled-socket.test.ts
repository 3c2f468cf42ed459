import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Fanout } from '../../../service/fanout/fanout.ts';
import { follow, SocketOutlet } from '../../../service/socket-outlet.ts';

test('a socket whose client reads nothing holds no more than slowClientBytes and a batch, then its stream is closed', async () => {
  const slowClientBytes = 1_048_576;
  const eventBytes = 65_536;
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed: string[] = [];
  const fanout = new Fanout<{ channel: string; position: number }, string>({
    heartbeatMs: 10_000,
    heartbeat: () => Buffer.from('beat'),
    stallMs: 60_000,
    slowClientBytes,
    reasons: { age: 'age', expired: 'expired', slow: 'slow' },
    goodbye: () => Buffer.from('bye'),
    closed: (_, reason) => closed.push(reason ?? 'client'),
  });
  const bytes = Buffer.alloc(eventBytes, 'x');
  const group = fanout.createGroup(
    { key: 'a', channels: ['a'], shape: 'plain', accepts: () => true, frame: () => bytes },
    0,
  );
  const outlet = new SocketOutlet(socket, 'raw', {});
  const stream = fanout.open({
    id: 'one',
    owner: undefined,
    group,
    outlet,
    framing: 'raw',
    heartbeat: 'comment',
    endsInMs: 60_000,
    expires: false,
  });
  follow(socket, fanout, stream);
  fanout.join(stream, group.ring.head);

  let most = 0;
  for (let position = 1; closed.length === 0; position++) {
    fanout.append({ channel: 'a', position });
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, outlet.unsentBytes);
  }
  fanout.stop();
  client.destroy();
  server.close();

  expect(closed).toEqual(['slow']);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(slowClientBytes + Math.min(262_144, slowClientBytes));
});
