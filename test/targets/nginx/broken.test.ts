import { defaults, hopRules } from '../../../lib/policy/index.ts';
import { nginxFiles } from '../../../lib/targets/nginx/files.ts';
import { readNginx } from '../../../lib/targets/nginx/read.ts';
import type { Files } from '../../../lib/targets/target.ts';

const files = nginxFiles(defaults);

/** One directive of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, directive: string, instead: string])[] = [
  ['idle-timer-outlasts-silence', 'proxy_read_timeout 60s;', 'proxy_read_timeout 59s;'],
  ['streams-are-not-buffered', 'proxy_buffering off;', 'proxy_buffering on;'],
  ['streams-are-not-buffered', 'proxy_buffering off;', ''],
  ['streams-are-not-compressed', 'gzip off;', 'gzip on; gzip_types text/event-stream;'],
  ['streams-are-not-cached', 'proxy_cache off;', 'proxy_cache site;'],
  ['pool-closes-before-service', 'keepalive_timeout 60s;', 'keepalive_timeout 121s;'],
  ['streams-fit-the-hop', 'worker_connections 50200;', 'worker_connections 40199;'],
  ['streams-fit-the-hop', 'worker_rlimit_nofile 100400;', 'worker_rlimit_nofile 1024;'],
  ['connection-carries-a-users-streams', 'http2_max_concurrent_streams 128;', 'http2_max_concurrent_streams 19;'],
  ['affinity-ends-with-the-stream', 'keepalive 32;', 'keepalive 32; sticky cookie SSEKIT expires=61m;'],
  ['affinity-ends-with-the-stream', 'keepalive 32;', 'keepalive 32; sticky cookie SSEKIT;'],
  ['refusals-are-soft', 'error_page 502 503 504 = @sse_kit_refusal;', ''],
  ['refusals-are-soft', 'error_page 502 503 504 = @sse_kit_refusal;', 'error_page 502 503 504 @sse_kit_refusal;'],
  ['refusals-are-soft', 'error_page 502 503 504 = @sse_kit_refusal;', 'error_page 502 504 = @sse_kit_refusal;'],
  ['refusals-are-soft', 'proxy_intercept_errors on;', ''],
  ['refusals-are-soft', 'return 200 "retry: $sse_kit_retry', 'return 503 "retry: $sse_kit_retry'],
  ['tokens-stay-out-of-logs', '$request_method $uri', '$request_method $request_uri'],
  ['reload-outlasts-drain', 'worker_shutdown_timeout 3990s;', 'worker_shutdown_timeout 29s;'],
];

const damaged = (directive: string, instead: string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(directive, () => instead)]));

const brokenRules = (some: Files): readonly string[] =>
  hopRules.filter((rule) => rule.judge(defaults, readNginx(some)).verdict === 'broken').map(({ id }) => id);

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to nginx can be broken by its files', () => {
  const applicable = hopRules.filter((rule) => rule.judge(defaults, readNginx(files)).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule))].sort()).toEqual(applicable.map(({ id }) => id).sort());
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, directive, instead) => {
  expect(Object.values(files).join()).toContain(directive);
  expect(brokenRules(damaged(directive, instead))).toEqual([rule]);
});

test('the rest of the site may log its tokens only where streams do not pass', () => {
  const elsewhere = damaged('location / {', 'location / { access_log all.log;');

  expect(brokenRules(elsewhere)).toEqual([]);
});
