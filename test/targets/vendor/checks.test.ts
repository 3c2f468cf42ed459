import { vendorChecks } from '../../../lib/targets/index.ts';
import { number, oneOf, refusal } from '../../../lib/targets/vendor/accepts.ts';
import { meant, typingErrors } from '../../../lib/targets/vendor/spelling.ts';

const checks = vendorChecks.map((check) => [check.id, check] as const);

test('ids are unique', () => {
  expect(new Set(vendorChecks.map(({ id }) => id)).size).toBe(vendorChecks.length);
});

test.each(checks)('%s is broken by its example, and by that alone', (id, { example, on, judge }) => {
  expect(judge(example)).toEqual(
    [{ rule: id, fields: [expect.any(String)], message: expect.any(String) }].map(anyFields),
  );

  const others = vendorChecks.filter((other) => other.on === on && other.id !== id);
  expect(others.flatMap((other) => other.judge(example))).toEqual([]);
});

/** One key or two: what they are is said in the tests of the plugin. */
const anyFields = <T extends object>(fault: T) => ({ ...fault, fields: expect.any(Array) });

test.each(checks)('%s says nothing of a resource that sets nothing', (_, { judge }) => {
  expect(judge({})).toEqual([]);
});

test.each([
  [number(1, 10), 11, 'must be a whole number from 1 to 10; lower it to 10'],
  [number(30, 900, '0'), '12', 'must be 0 or a whole number from 30 to 900; raise it to 30'],
  [number(1, 10), 'ten', 'must be a whole number from 1 to 10'],
  [number(1, 10), '2.5', 'must be a whole number from 1 to 10'],
  [number(30, 900, '0'), 0, undefined],
  [oneOf('on', 'off'), true, 'must be on or off'],
  [oneOf('on', 'off'), 'on', undefined],
])('%j takes %j or says what it would take', (accepts, value, says) => {
  expect(refusal(accepts, value)).toBe(says);
});

test.each([
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['same', 'same', 0],
])('from %j to %j it takes %i letters', (a, b, errors) => {
  expect(typingErrors(a, b)).toBe(errors);
  expect(typingErrors(b, a)).toBe(errors);
});

test('a name is meant when two thirds of it are right, or when it goes on where the other stops', () => {
  const names = ['stickiness.enabled', 'slow_start.duration_seconds'];

  expect(meant('stickyness.enable', names)).toBe('stickiness.enabled');
  expect(meant('slow_start', names)).toBe('slow_start.duration_seconds');
  expect(meant('proxy_protocol_v2.enabled', names)).toBeUndefined();
});
