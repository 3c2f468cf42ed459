// The usual way on plain `node:http`: a set of responses per channel, and one `res.write(string)` per stream and event.
import { createServer, type ServerResponse } from 'node:http';
import { channelOf, keepAliveMs, listenOptions, readBody, streamsOf, textsOf } from './publish-body.ts';

const channels = new Map<string, Set<ServerResponse>>();
let id = 0;

const server = createServer({ keepAliveTimeout: keepAliveMs }, async (request, response) => {
  const streams = streamsOf(channels, channelOf(request.url ?? ''));
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(':\n\n');
    streams.add(response);
    response.on('close', () => streams.delete(response));
    return;
  }
  for (const text of textsOf(await readBody(request))) {
    const event = `id: ${++id}\ndata: ${text}\n\n`;
    for (const stream of streams) stream.write(event);
  }
  response.writeHead(202).end();
});
server.listen(listenOptions);
