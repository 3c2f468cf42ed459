import { defaults, hopRules } from '../../../lib/policy/index.ts';
import type { Files } from '../../../lib/targets/target.ts';
import { traefikFiles } from '../../../lib/targets/traefik/files.ts';
import { readTraefik } from '../../../lib/targets/traefik/read.ts';

const files = traefikFiles(defaults);

const middleware = (config: string): string => `sse-kit-promise:\n      ${config}`;

/** One line of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, words: string, instead: string])[] = [
  ['no-cap-below-stream-age', 'writeTimeout: 0s', 'writeTimeout: 30s'],
  ['no-cap-below-stream-age', 'writeTimeout: 0s', 'writeTimeout: 1h'],
  ['streams-are-not-buffered', 'sse-kit-promise:', middleware('buffering: { memResponseBodyBytes: 1024 }')],
  ['streams-are-not-compressed', 'sse-kit-promise:', middleware('compress: {}')],
  ['streams-are-not-compressed', 'tls: {}', 'tls: {}\n      middlewares: [sse-kit-zip@file]'],
  ['pool-closes-before-service', 'idleConnTimeout: 60s', 'idleConnTimeout: 121s'],
  ['pool-closes-before-service', 'idleConnTimeout: 60s', 'idleConnTimeout: 0s'],
  ['streams-fit-the-hop', 'LimitNOFILE=100400', 'LimitNOFILE=1024'],
  ['streams-fit-the-hop', 'sse-kit-promise:', middleware('inFlightReq: { amount: 1000 }')],
  ['connection-carries-a-users-streams', 'maxConcurrentStreams: 250', 'maxConcurrentStreams: 10'],
  ['affinity-ends-with-the-stream', 'maxAge: 3600', 'maxAge: 86400'],
  ['affinity-ends-with-the-stream', 'maxAge: 3600, ', ''],
  ['refusals-are-soft', ', sse-kit-soft-fail', ''],
  ['refusals-are-soft', 'status: ["502-504"]', 'status: ["503-504"]'],
  ['refusals-are-soft', 'statusRewrites: { "502-504": 200 }', ''],
  ['refusals-are-soft', 'Content-Type: text/event-stream', 'Content-Type: text/plain'],
  ['tokens-stay-out-of-logs', 'format: json', 'format: common'],
  ['tokens-stay-out-of-logs', 'RequestPath: drop, ', ''],
  ['tokens-stay-out-of-logs', 'fields:', 'fields:\n    headers: { names: { Referer: keep } }'],
  ['reload-outlasts-drain', 'graceTimeOut: 30s', 'graceTimeOut: 10s'],
];

const zip = { 'zip.yaml': 'http: { middlewares: { sse-kit-zip: { compress: { encodings: [gzip] } } } }' };

const damaged = (words: string, instead: string): Files =>
  Object.fromEntries(
    Object.entries({ ...files, ...zip }).map(([name, text]) => [name, text.replace(words, () => instead)]),
  );

function brokenRules(some: Files): readonly string[] {
  const hop = readTraefik(some);
  return hopRules.filter((rule) => rule.judge(defaults, hop).verdict === 'broken').map(({ id }) => id);
}

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to Traefik can be broken by its files', () => {
  const hop = readTraefik(files);
  const applicable = hopRules.filter((rule) => rule.judge(defaults, hop).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule))].sort()).toEqual(applicable.map(({ id }) => id).sort());
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, words, instead) => {
  expect(Object.values(files).join()).toContain(words);
  expect(brokenRules(damaged(words, instead))).toEqual([rule]);
});

test('the query may be dropped instead of the path', () => {
  const instead = 'queryParameters: { defaultMode: drop }';
  expect(brokenRules(damaged('names: { RequestPath: drop, RequestLine: drop }', instead))).toEqual([]);
});

test('a compressor that leaves event streams out breaks nothing', () => {
  const compress = middleware('compress: { excludedContentTypes: [text/event-stream] }');
  expect(brokenRules(damaged('sse-kit-promise:', compress))).toEqual([]);
});
