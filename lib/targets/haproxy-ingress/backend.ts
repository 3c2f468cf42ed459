import { cursorPattern, retryBoundsMs, type StreamPolicy, softFailHeader, streamHeaders } from '../../policy/index.ts';
import type { Line } from '../haproxy/syntax.ts';
import { comment, mayBeReadByAnyPage, titleCase } from '../proxies.ts';

/** Set by the first line for requests that ask for an event stream by name, as EventSource does. */
const stream = '{ var(txn.sse_kit_stream) -m bool }';

/** HAProxy's own answer: the rules for responses of a server have not run. */
const refusal = '{ status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool }';

const softly = `if ${refusal} ${stream}`;

/** One page for every client, its text drawn up when the request comes in. */
const page = 'content-type text/plain lf-string "%[var(txn.sse_kit_page)]\\n%[var(txn.sse_kit_resume)]\\n\\n"';

const lines = (policy: StreamPolicy): readonly Line[] => {
  const { least, most } = retryBoundsMs(policy);
  return [
    {
      why: 'without it small pieces wait for company: each event came 200 ms late over HTTP/1.1 (HAProxy 2.6)',
      directive: 'option http-no-delay',
    },
    {
      why: 'requests that ask for an event stream by name, as EventSource does, are refused softly: any status but 200 ends an EventSource for good',
      directive:
        'http-request set-var(txn.sse_kit_stream) bool(true) if { path /events } { req.hdr(accept) -m sub -i text/event-stream }',
    },
    { directive: 'http-request set-var-fmt(txn.sse_kit_page) "no replica answers"' },
    {
      why: 'when to come back, in milliseconds, is drawn per request, because EventSource has no jitter of its own',
      from: ['retryMs', 'retryJitter'],
      directive: `http-request set-var-fmt(txn.sse_kit_page) "retry: %[rand(${most - least + 1}),add(${least})]" if ${stream}`,
    },
    {
      why: 'and a client that is turned away keeps its cursor',
      directive: `http-request set-var-fmt(txn.sse_kit_resume) "id: %[req.fhdr(last-event-id)]" if ${stream} { req.fhdr(last-event-id) -m reg ${cursorPattern} }`,
    },
    { directive: `http-error status 502 ${page}` },
    { directive: `http-error status 503 ${page}` },
    { directive: `http-error status 504 ${page}` },
    {
      why: 'what a replica answers stays as it is',
      directive: 'http-response set-var(txn.sse_kit_answered) bool(true)',
    },
    {
      why: 'ordinary clients are told the truth, and when to try again',
      from: ['retryMs'],
      directive: `http-after-response set-header Retry-After ${Math.ceil(policy.retryMs / 1000)} if ${refusal} !${stream}`,
    },
    { directive: `http-after-response set-header Content-Type ${streamHeaders['content-type']} ${softly}` },
    { directive: `http-after-response set-header Cache-Control "${streamHeaders['cache-control']}" ${softly}` },
    {
      why: 'marked, so that it can be counted and is not mistaken for health',
      directive: `http-after-response set-header ${titleCase(softFailHeader)} upstream ${softly}`,
    },
    { why: mayBeReadByAnyPage, directive: 'http-request set-var(txn.sse_kit_origin) req.hdr(origin)' },
    ...['Access-Control-Allow-Origin %[var(txn.sse_kit_origin)]', 'Access-Control-Allow-Credentials true'].map(
      (header) => ({
        directive: `http-after-response set-header ${header} ${softly} { var(txn.sse_kit_origin) -m found }`,
      }),
    ),
    {
      why: 'last, because the lines above ask for the status as it was',
      directive: `http-after-response set-status 200 ${softly}`,
    },
  ];
};

/** What the controller adds to the backend: the words are HAProxy's, and so are the remarks that give the reasons. */
export const backendLines = (policy: StreamPolicy): string =>
  lines(policy)
    .map(({ directive, why, from }) => `${why === undefined ? '' : comment(why, from)}${directive}`)
    .join('\n');

/** Whether anybody's lines answer a stream that nobody else answers with 200 and a `retry:`. */
export const refusesSoftly = (backend: string): boolean =>
  /^\s*http-after-response set-status 200\b/m.test(backend) && /^\s*http-(?:error|request) .*retry:/m.test(backend);
