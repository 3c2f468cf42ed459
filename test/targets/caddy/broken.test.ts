import { defaults, hopRules } from '../../../lib/policy/index.ts';
import { caddyFiles } from '../../../lib/targets/caddy/files.ts';
import { readCaddy } from '../../../lib/targets/caddy/read.ts';
import type { Files } from '../../../lib/targets/target.ts';

const files = caddyFiles(defaults);

/** One directive of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, directive: string, instead: string])[] = [
  ['idle-timer-outlasts-silence', 'read_timeout 60s', 'read_timeout 59s'],
  ['no-cap-below-stream-age', 'write 0s', 'write 30s'],
  ['streams-are-not-buffered', 'unhealthy_status 503', 'response_buffers 4KiB'],
  ['streams-are-not-compressed', 'request_header @sse_kit_stream -Accept-Encoding', 'encode gzip'],
  ['streams-are-not-cached', 'request_header @sse_kit_stream', 'cache\n\trequest_header @sse_kit_stream'],
  ['pool-closes-before-service', 'keepalive 60s', 'keepalive 121s'],
  ['pool-closes-before-service', 'keepalive 60s', 'keepalive 3m'],
  ['streams-fit-the-hop', 'LimitNOFILE=100400', 'LimitNOFILE=1024'],
  ['affinity-ends-with-the-stream', 'lb_policy least_conn', 'lb_policy cookie SSEKIT'],
  ['affinity-ends-with-the-stream', 'lb_policy least_conn', 'lb_policy cookie A {\nmax_age 61m\n}'],
  ['refusals-are-soft', 'handle_errors', 'handle_nothing'],
  ['refusals-are-soft', 'in [502, 503, 504]', 'in [502, 504]'],
  ['refusals-are-soft', '{sse_kit_resume}\n" 200', '{sse_kit_resume}\n" 503'],
  ['refusals-are-soft', 'error 503', 'copy_response'],
  ['tokens-stay-out-of-logs', 'request>uri regexp \\?.* ""', ''],
  ['tokens-stay-out-of-logs', 'request>headers>Referer delete', ''],
  ['reload-outlasts-drain', 'grace_period 3990s', 'grace_period 29s'],
];

/** A number that no file can change. */
const fixed = ['connection-carries-a-users-streams'];

const damaged = (directive: string, instead: string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(directive, () => instead)]));

const brokenRules = (some: Files): readonly string[] =>
  hopRules.filter((rule) => rule.judge(defaults, readCaddy(some)).verdict === 'broken').map(({ id }) => id);

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to Caddy can be broken by its files', () => {
  const applicable = hopRules.filter((rule) => rule.judge(defaults, readCaddy(files)).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule)), ...fixed].sort()).toEqual(applicable.map(({ id }) => id).sort());
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, directive, instead) => {
  expect(Object.values(files).join()).toContain(directive);
  expect(brokenRules(damaged(directive, instead))).toEqual([rule]);
});

test("an encode of the site's own breaks nothing", () => {
  expect(brokenRules(damaged('\nsse.example.com {', '\nsse.example.com {\n\tencode zstd gzip'))).toEqual([]);
});
