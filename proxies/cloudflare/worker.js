// ----------------------------------------------------------------------
// | Streams: a Worker that refuses softly
// ----------------------------------------------------------------------
//
// For the route sse.example.com/events and nothing else. Each stream is one request of its own to pay
// for; the Worker waits for the headers only, and the body passes it by.
//
// Rendered from the stream policy by `npm run render`; change the policy, not the numbers here.

// 502 to 504 are the origin's, 520 to 530 Cloudflare's about the origin
const refused = (status) => (status >= 502 && status <= 504) || (status >= 520 && status <= 530);

const cursor = /^[A-Za-z0-9._-]{1,128}$/;

// does this request come from an EventSource? Only those are refused softly.
const isEventStream = (request) => (request.headers.get('accept') ?? '').includes('text/event-stream');

// a 200 with "retry:", because any other status ends an EventSource for good. When to come back, in
// milliseconds, is drawn per request, because EventSource has no jitter of its own (retryMs,
// retryJitter)
function softly(request) {
  const retry = 1500 + Math.floor(Math.random() * 3001);
  // a client that is turned away keeps its cursor: some clients forget it when a response begins
  // without an id
  const id = request.headers.get('last-event-id') ?? '';
  const origin = request.headers.get('origin');
  return new Response(`retry: ${retry}\n${cursor.test(id) ? `id: ${id}\n` : ''}\n`, {
    headers: {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      // marked, so that it can be counted and is not mistaken for health
      'X-SSE-Soft-Fail': 'upstream',
      // a page of another origin has to be allowed to read it, or its EventSource closes for good.
      // Whichever page that is: all it can learn is when to come back.
      ...(origin !== null && { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }),
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
