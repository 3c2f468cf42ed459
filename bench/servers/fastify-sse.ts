// @fastify/sse as its documentation shows it: `{ sse: true }` on the route, `reply.sse.send` per stream and event.
import { fastifySSE } from '@fastify/sse';
import Fastify, { type FastifyReply } from 'fastify';
import { channelOf, heartbeatMs, keepAliveMs, listenOptions, type PublishBody, streamsOf } from './publish-body.ts';

const app = Fastify({ keepAliveTimeout: keepAliveMs });
await app.register(fastifySSE, { heartbeatInterval: heartbeatMs });
const channels = new Map<string, Set<FastifyReply>>();
let id = 0;

app.get('/events', { sse: true }, async (request, reply) => {
  const streams = streamsOf(channels, channelOf(request.url));
  reply.sse.keepAlive();
  streams.add(reply);
  reply.sse.onClose(() => streams.delete(reply));
  // the head goes out with the first bytes
  await reply.sse.send({ data: 'connected' });
});

app.post<{ Params: { channel: string }; Body: PublishBody }>('/channels/:channel/events', async (request, reply) => {
  const body = Array.isArray(request.body) ? request.body : [request.body];
  for (const { data } of body) {
    id++;
    // a stream that is gone rejects; its onClose takes it off the list
    for (const stream of streamsOf(channels, request.params.channel))
      void stream.sse.send({ id: String(id), data }).catch(() => {});
  }
  return reply.code(202).send();
});

await app.listen(listenOptions);
