import { cursorPattern, retryBoundsMs, type StreamPolicy, softFailHeader, streamHeaders } from '../../policy/index.ts';
import { comment, fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';

const slashes = (text: string): string => text.replace(/^(\s*)#/gm, '$1//');

const why = (text: string, from: readonly (keyof StreamPolicy)[] = [], indent = ''): string =>
  slashes(comment(text, from, indent));

/** A Worker that refuses softly. Without it the client gets Cloudflare's own error page. */
export function worker(policy: StreamPolicy): string {
  const { least, most } = retryBoundsMs(policy);
  const head = slashes(
    fileHead('Streams: a Worker that refuses softly', [
      'For the route sse.example.com/events and nothing else. Each stream is one request of its own to pay',
      'for; the Worker waits for the headers only, and the body passes it by.',
    ]),
  );
  return `${head}${why("502 to 504 are the origin's, 520 to 530 Cloudflare's about the origin")}const refused = (status) => (status >= 502 && status <= 504) || (status >= 520 && status <= 530);

const cursor = /${cursorPattern}/;

${why('does this request come from an EventSource? Only those are refused softly.')}const isEventStream = (request) => (request.headers.get('accept') ?? '').includes('text/event-stream');

${why(
  'a 200 with "retry:", because any other status ends an EventSource for good. When to come back, in milliseconds, is drawn per request, because EventSource has no jitter of its own',
  ['retryMs', 'retryJitter'],
)}function softly(request) {
  const retry = ${least} + Math.floor(Math.random() * ${most - least + 1});
${why('a client that is turned away keeps its cursor: some clients forget it when a response begins without an id', [], '  ')}  const id = request.headers.get('last-event-id') ?? '';
  const origin = request.headers.get('origin');
  return new Response(\`retry: \${retry}\\n\${cursor.test(id) ? \`id: \${id}\\n\` : ''}\\n\`, {
    headers: {
      'Content-Type': '${streamHeaders['content-type']}',
      'Cache-Control': '${streamHeaders['cache-control']}',
${why('marked, so that it can be counted and is not mistaken for health', [], '      ')}      '${titleCase(softFailHeader)}': 'upstream',
${why(mayBeReadByAnyPage, [], '      ')}      ...(origin !== null && { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }),
      Vary: 'Origin',
    },
  });
}

export default {
  async fetch(request) {
    try {
      const response = await fetch(request);
      return refused(response.status) && isEventStream(request) ? softly(request) : response;
    } catch (error) {
      if (isEventStream(request)) return softly(request);
      throw error;
    }
  },
};
`;
}
