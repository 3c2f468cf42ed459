import { child, items, printYaml, readYaml, type Tree, textOf } from '../../lib/targets/yaml.ts';

const read = (text: string): Tree | undefined => readYaml(text, 'a.yaml')[0];

test('values know their file and line', () => {
  const tree = read('# remark\na:\n  b_c:\n    - 1\n    - two: {three: 3}\n');

  expect([child(tree, 'a', 'b_c'), ...items(child(tree, 'a', 'b_c'))].map((one) => one?.at)).toEqual([
    'a.yaml:3',
    'a.yaml:4',
    'a.yaml:5',
  ]);
});

test('case and underscores of a key do not count, and the last of two alike is taken', () => {
  expect(textOf(child(read('idle_Timeout: 1\nidleTimeout: 2'), 'idle_timeout'))).toBe('2');
});

test('aliases stand for what they name, and what is merged in gives way to what is written', () => {
  const tree = read('a: &a { x: 1, y: 2 }\nb: *a\nc: { x: 3, <<: *a }');

  expect([child(tree, 'b', 'y'), child(tree, 'c', 'x'), child(tree, 'c', 'y')].map(textOf)).toEqual(['2', '3', '2']);
});

test('an unknown tag is no fault', () => {
  expect(textOf(child(read('!ignore a: &x 1\nb: *x'), 'b'))).toBe('1');
});

test.each([
  ['an indent that does not fit', 'a:\n  - 1\n b: 2', /^a\.yaml:3: /],
  ['a key that comes twice', 'a: 1\na: 2', /^a\.yaml:2: /],
  ['an anchor that contains itself', 'a: &a\n  b: *a', /^a\.yaml:2: "\*a" stands before or inside what it names$/],
  ['an alias of nothing', 'a: 1\nb: *c', /^a\.yaml:2: /],
])('fails on %s, naming file and line', (_, text, message) => {
  expect(() => readYaml(text, 'a.yaml')).toThrow(message);
});

test('nothing, and several documents', () => {
  expect([readYaml('', 'a.yaml').length, readYaml('a: 1\n---\nb: 2', 'a.yaml').length]).toEqual([0, 2]);
});

test('what is printed is read back', () => {
  const text = printYaml([
    { directive: 'a: 1' },
    {
      why: 'because',
      from: ['retryMs'],
      directive: 'list:',
      items: [
        { value: 'x' },
        {
          why: 'named',
          anchor: 'y',
          lines: [{ directive: 'k:', block: [{ directive: 'v: 1' }] }, { directive: 'l: 2' }],
        },
        { lines: [{ directive: 'm: 3' }, { why: 'also', directive: 'n: [*y]' }] },
      ],
    },
  ]);

  expect(text).toMatchInlineSnapshot(`
"a: 1

# because (retryMs)
list:
  - x

  # named
  - &y
    k:
      v: 1
    l: 2
  - m: 3

    # also
    n: [*y]
"
`);
  expect(textOf(child(items(child(items(child(read(text), 'list'))[2], 'n'))[0], 'k', 'v'))).toBe('1');
});
