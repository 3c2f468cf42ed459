import { defaults, hopRules } from '../../../lib/policy/index.ts';
import { apacheFiles } from '../../../lib/targets/apache/files.ts';
import { readApache } from '../../../lib/targets/apache/read.ts';
import type { Files } from '../../../lib/targets/target.ts';

const files = apacheFiles(defaults);

/** One directive of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, directive: string, instead: string])[] = [
  ['idle-timer-outlasts-silence', 'timeout=60 ', 'timeout=59 '],
  ['streams-are-not-buffered', 'SetEnv no-gzip 1', 'SetEnv no-gzip 1\nSetOutputFilter BUFFER'],
  ['streams-are-not-compressed', 'SetEnv no-gzip 1', 'SetOutputFilter DEFLATE'],
  ['streams-are-not-compressed', 'SetEnv no-brotli 1', 'SetOutputFilter BROTLI_COMPRESS'],
  ['streams-are-not-cached', 'CacheDisable on', 'CacheEnable disk'],
  ['pool-closes-before-service', 'ttl=60', 'ttl=121'],
  ['pool-closes-before-service', 'ttl=60', ''],
  ['streams-fit-the-hop', 'MaxRequestWorkers 24400', 'MaxRequestWorkers 400'],
  ['connection-carries-a-users-streams', 'H2MaxSessionStreams 100', 'H2MaxSessionStreams 19'],
  ['affinity-ends-with-the-stream', 'Max-Age=3600; ', 'Max-Age=3660; '],
  ['affinity-ends-with-the-stream', 'Max-Age=3600; ', ''],
  ['refusals-are-soft', 'ErrorDocument 503', 'ErrorDocument 500'],
  ['refusals-are-soft', 'Status: 200 OK', 'Status: 503 Service Unavailable'],
  ['refusals-are-soft', 'SetEnv no-gzip 1', 'SetEnv no-gzip 1\nRequestHeader set X-SSE-Proxy-Soft-Fails 1'],
  ['tokens-stay-out-of-logs', '%m %U', '%r'],
  ['tokens-stay-out-of-logs', 'sse-kit.log sse_kit', 'sse-kit.log combined'],
  ['reload-outlasts-drain', 'GracefulShutdownTimeout 3990', 'GracefulShutdownTimeout 29'],
];

const damaged = (directive: string, instead: string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(directive, () => instead)]));

const brokenRules = (some: Files): readonly string[] =>
  hopRules.filter((rule) => rule.judge(defaults, readApache(some)).verdict === 'broken').map(({ id }) => id);

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to Apache can be broken by its files', () => {
  const applicable = hopRules.filter((rule) => rule.judge(defaults, readApache(files)).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule))].sort()).toEqual(applicable.map(({ id }) => id).sort());
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, directive, instead) => {
  expect(Object.values(files).join()).toContain(directive);
  expect(brokenRules(damaged(directive, instead))).toEqual([rule]);
});
