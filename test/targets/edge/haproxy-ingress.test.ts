import { defaults, definePolicy } from '../../../lib/policy/index.ts';
import { edges } from '../../../lib/targets/index.ts';
import { ingressOf } from './theirs.ts';

const edge = edges['haproxy-ingress'];
const prefix = 'haproxy-ingress.github.io/';

const annotationsOf = (policy = defaults) => edge.render(policy).manifests[0]?.metadata.annotations ?? {};

const hopOf = (annotations: Record<string, string>) => edge.read(ingressOf(prefix, annotations));

test('the Ingress is told this', () => {
  const { [`${prefix}config-backend`]: backend, ...others } = annotationsOf();

  expect(others).toMatchInlineSnapshot(`
{
  "haproxy-ingress.github.io/affinity": "cookie",
  "haproxy-ingress.github.io/balance-algorithm": "leastconn",
  "haproxy-ingress.github.io/session-cookie-keywords": "indirect nocache httponly maxlife 3600s",
  "haproxy-ingress.github.io/session-cookie-name": "SSEKIT",
  "haproxy-ingress.github.io/timeout-connect": "5s",
  "haproxy-ingress.github.io/timeout-server": "60s",
}
`);
  expect(backend?.split('\n').filter((line) => !line.startsWith('#'))).toMatchInlineSnapshot(`
[
  "option http-no-delay",
  "http-request set-var(txn.sse_kit_stream) bool(true) if { path /events } { req.hdr(accept) -m sub -i text/event-stream }",
  "http-request set-var-fmt(txn.sse_kit_page) "no replica answers"",
  "http-request set-var-fmt(txn.sse_kit_page) "retry: %[rand(3001),add(1500)]" if { var(txn.sse_kit_stream) -m bool }",
  "http-request set-var-fmt(txn.sse_kit_resume) "id: %[req.fhdr(last-event-id)]" if { var(txn.sse_kit_stream) -m bool } { req.fhdr(last-event-id) -m reg ^[A-Za-z0-9._-]{1,128}$ }",
  "http-error status 502 content-type text/plain lf-string "%[var(txn.sse_kit_page)]\\n%[var(txn.sse_kit_resume)]\\n\\n"",
  "http-error status 503 content-type text/plain lf-string "%[var(txn.sse_kit_page)]\\n%[var(txn.sse_kit_resume)]\\n\\n"",
  "http-error status 504 content-type text/plain lf-string "%[var(txn.sse_kit_page)]\\n%[var(txn.sse_kit_resume)]\\n\\n"",
  "http-response set-var(txn.sse_kit_answered) bool(true)",
  "http-after-response set-header Retry-After 3 if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } !{ var(txn.sse_kit_stream) -m bool }",
  "http-after-response set-header Content-Type text/event-stream if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool }",
  "http-after-response set-header Cache-Control "no-cache, no-transform" if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool }",
  "http-after-response set-header X-SSE-Soft-Fail upstream if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool }",
  "http-request set-var(txn.sse_kit_origin) req.hdr(origin)",
  "http-after-response set-header Access-Control-Allow-Origin %[var(txn.sse_kit_origin)] if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool } { var(txn.sse_kit_origin) -m found }",
  "http-after-response set-header Access-Control-Allow-Credentials true if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool } { var(txn.sse_kit_origin) -m found }",
  "http-after-response set-status 200 if { status 502 503 504 } !{ var(txn.sse_kit_answered) -m bool } { var(txn.sse_kit_stream) -m bool }",
]
`);
});

test('every reason is a remark that HAProxy passes over', () => {
  const file = edge.files(definePolicy())['haproxy-ingress.yaml'] ?? '';

  expect(file).toContain('    haproxy-ingress.github.io/config-backend: |-\n      # without it small pieces wait');
});

test.each([
  ['90s', 90],
  ['2m', 120],
  ['1500ms', 1.5],
  ['90', 50],
  ['forever', 50],
])('timeout-server: "%s" is %s s', (value, seconds) => {
  expect(hopOf({ 'timeout-server': value }).idleTimers?.[0]?.value).toBe(seconds);
});

test.each([
  [{}, 'none'],
  [{ affinity: 'ip' }, 'none'],
  [{ affinity: 'cookie' }, { cookie: 'INGRESSCOOKIE', seconds: Number.POSITIVE_INFINITY }],
  [
    { affinity: 'cookie', 'session-cookie-name': 'A', 'session-cookie-keywords': 'indirect maxlife 30m' },
    { cookie: 'A', seconds: 1800 },
  ],
  [
    { affinity: 'cookie', 'session-cookie-keywords': 'maxlife 90' },
    { cookie: 'INGRESSCOOKIE', seconds: 90 },
  ],
])('%j binds by %j', (annotations, bound) => {
  expect(hopOf(annotations).stickiness?.value).toEqual(bound);
});

test('who says nothing else refuses an EventSource for good', () => {
  expect(hopOf({}).refusals?.value).toBe('fatal');
  expect(hopOf({ 'config-backend': 'option http-no-delay' }).refusals?.value).toBe('fatal');
  expect(edge.hop(defaults).refusals?.value).toBe('soft');
});
