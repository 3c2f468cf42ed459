// better-sse as its documentation shows it: a session per request, a channel that broadcasts.
import { createServer } from 'node:http';
import { type Channel, createChannel, createSession } from 'better-sse';
import { channelOf, heartbeatMs, keepAliveMs, listenOptions, readBody } from './publish-body.ts';

const channels = new Map<string, Channel>();

function channelNamed(name: string): Channel {
  const known = channels.get(name);
  if (known) return known;
  const channel = createChannel();
  channels.set(name, channel);
  return channel;
}

const server = createServer({ keepAliveTimeout: keepAliveMs }, async (request, response) => {
  const channel = channelNamed(channelOf(request.url ?? ''));
  if (request.method === 'GET') {
    channel.register(await createSession(request, response, { keepAlive: heartbeatMs }));
    return;
  }
  const body = await readBody(request);
  for (const { data } of Array.isArray(body) ? body : [body]) channel.broadcast(data);
  response.writeHead(202).end();
});
server.listen(listenOptions);
