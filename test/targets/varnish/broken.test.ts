import { defaults, hopRules } from '../../../lib/policy/index.ts';
import type { Files } from '../../../lib/targets/target.ts';
import { varnishFiles } from '../../../lib/targets/varnish/files.ts';
import { readVarnish } from '../../../lib/targets/varnish/read.ts';

const files = varnishFiles(defaults);

/** One line of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, line: string, instead: string])[] = [
  ['idle-timer-outlasts-silence', '.between_bytes_timeout = 60s;', '.between_bytes_timeout = 34s;'],
  ['no-cap-below-stream-age', '-p send_timeout=3990', '-p send_timeout=3960'],
  ['no-cap-below-stream-age', '-p send_timeout=3990', ''],
  ['streams-are-not-buffered', 'set beresp.do_stream = true;', 'set beresp.do_stream = false;'],
  ['streams-are-not-compressed', 'set beresp.do_gzip = false;', 'set beresp.do_gzip = true;'],
  ['streams-are-not-cached', '        return (pass);', '        return (hash);'],
  ['pool-closes-before-service', 'backend_idle_timeout=60', 'backend_idle_timeout=121'],
  ['streams-fit-the-hop', '-p thread_pool_max=30150', '-p thread_pool_max=5000'],
  ['streams-fit-the-hop', '-p thread_pool_max=30150', '-p thread_pool_min=500'],
  ['connection-carries-a-users-streams', 'h2_max_concurrent_streams=100', 'h2_max_concurrent_streams=19'],
  ['affinity-ends-with-the-stream', 'Max-Age=3600; ', 'Max-Age=3660; '],
  ['affinity-ends-with-the-stream', 'Max-Age=3600; ', ''],
  ['refusals-are-soft', 'set resp.status = 200;', ''],
  ['refusals-are-soft', 'set resp.http.Content-Type = "text/event-stream";', ''],
  [
    'refusals-are-soft',
    '        return (abandon);\n    }\n\n    if (beresp',
    '        return (deliver);\n    }\n\n    if (beresp',
  ],
  ['refusals-are-soft', '        return (abandon);\n    }\n}', '        return (deliver);\n    }\n}'],
  ['tokens-stay-out-of-logs', '%%m %%U', '%%r'],
  ['tokens-stay-out-of-logs', "    -F '", "    -G '"],
];

const damaged = (line: string, instead: string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(line, () => instead)]));

const brokenRules = (some: Files): readonly string[] =>
  hopRules.filter((rule) => rule.judge(defaults, readVarnish(some)).verdict === 'broken').map(({ id }) => id);

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to Varnish can be broken by its files, but the one about reloads', () => {
  const applicable = hopRules.filter((rule) => rule.judge(defaults, readVarnish(files)).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule)), 'reload-outlasts-drain'].sort()).toEqual(
    applicable.map(({ id }) => id).sort(),
  );
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, line, instead) => {
  expect(Object.values(files).join()).toContain(line);
  expect(brokenRules(damaged(line, instead))).toEqual([rule]);
});

test('the lines for the fallbacks are read, too', () => {
  const [poll, page] = ['/events/poll', '/'].map((path) => readVarnish(files, path));

  expect([poll?.caching?.value, poll?.idleTimers?.[0]?.value, page?.caching?.value]).toEqual([false, 60, false]);
  expect(poll?.refusals?.value).toBe('fatal');
});
