import fc from 'fast-check';
import type { Directive } from '../../../lib/targets/directive.ts';
import { parse, print } from '../../../lib/targets/nginx/syntax.ts';

/** A tree without its places, as nested arrays. */
type Plain = readonly [name: string, args: readonly string[], block?: readonly Plain[]];

const plain = ({ name, args, block }: Directive): Plain =>
  block === undefined ? [name, args] : [name, args, block.map(plain)];

const read = (text: string): readonly Plain[] => parse(text, 'a.conf').map(plain);

describe('reads', () => {
  const cases: readonly (readonly [what: string, text: string, tree: readonly Plain[]])[] = [
    ['nothing', ' \n# only a remark', []],
    [
      'directives and their arguments',
      'a b c;d;',
      [
        ['a', ['b', 'c']],
        ['d', []],
      ],
    ],
    [
      'blocks in blocks',
      'a { b x { c 1; } d; }',
      [
        [
          'a',
          [],
          [
            ['b', ['x'], [['c', ['1']]]],
            ['d', []],
          ],
        ],
      ],
    ],
    ['an empty block', 'events {}', [['events', [], []]]],
    ['braces and semicolons in quotes', `a "x; {y}" 'z }';`, [['a', ['x; {y}', 'z }']]]],
    ['escapes in quotes', String.raw`return 200 "a\nb\t\"c\" \\ \.";`, [['return', ['200', 'a\nb\t"c" \\ \\.']]]],
    ['an empty argument', 'proxy_set_header Connection "";', [['proxy_set_header', ['Connection', '']]]],
    ['a quoted brace as an argument', 'a "{" "}" ";";', [['a', ['{', '}', ';']]]],
    ['quotes inside a word', `a it's b"c;`, [['a', ["it's", 'b"c']]]],
    ['a hash inside a word', 'a b#c; # remark { ; "', [['a', ['b#c']]]],
    ['variables in braces', `a \${b}_c http://\${host}/x;`, [['a', [`\${b}_c`, `http://\${host}/x`]]]],
    ['regular expressions', String.raw`location ~ \.php$ { }`, [['location', ['~', String.raw`\.php$`], []]]],
    ['arguments over several lines', "log_format x 'a '\n    'b';", [['log_format', ['x', 'a ', 'b']]]],
  ];

  test.each(cases)('%s', (_, text, tree) => {
    expect(read(text)).toEqual(tree);
  });
});

test('every directive knows its file and line', () => {
  const [a, b] = parse('\na 1;\n# remark\nb "x\ny" {\n  c;\n}', 'sites/a.conf');

  expect([a, b, b?.block?.[0]].map((one) => `${one?.file}:${one?.line}`)).toEqual([
    'sites/a.conf:2',
    'sites/a.conf:4',
    'sites/a.conf:6',
  ]);
});

describe('fails, naming file and line,', () => {
  const cases: readonly (readonly [what: string, text: string, message: string])[] = [
    ['on a brace too many', 'a;\n}', 'a.conf:2: unexpected "}"'],
    ['on a missing semicolon', 'http {\n  a b\n}', 'a.conf:3: unexpected "}"'],
    ['on a semicolon too many', 'a;\n\n;', 'a.conf:3: unexpected ";"'],
    ['on a block without a name', '{ a; }', 'a.conf:1: unexpected "{"'],
    ['on a block that stays open', 'a;\nhttp {\n  b;\n', 'a.conf:2: the file ends inside "http"'],
    ['on a last directive that stays open', 'a;\nb c', 'a.conf:2: the file ends inside "b"'],
    ['on a quote that stays open', 'a;\nb "c;\nd;', 'a.conf:2: a quote is never closed'],
    ['on a quote that stays open at the end', "a;\nb c; '", 'a.conf:2: a quote is never closed'],
  ];

  test.each(cases)('%s', (_, text, message) => {
    expect(() => parse(text, 'a.conf')).toThrow(new Error(message));
  });
});

const words = fc.stringMatching(/^[a-z_][a-z0-9_.:/=~-]{0,12}$/);

const trees = fc.letrec<{ tree: Plain[]; node: Plain }>((tie) => ({
  tree: fc.array(tie('node'), { maxLength: 4 }),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(words, fc.array(words, { maxLength: 3 })),
    fc.tuple(words, fc.array(words, { maxLength: 3 }), tie('tree')),
  ),
}));

test('what is printed is read back, remarks and all', () => {
  const line = ([name, args, block]: Plain): Parameters<typeof print>[0][number] => ({
    directive: [name, ...args].join(' '),
    why: 'because; "of { this',
    ...(block && { block: block.map(line) }),
  });

  fc.assert(
    fc.property(trees.tree, (tree) => {
      expect(read(print(tree.map(line)))).toEqual(tree);
    }),
  );
});

test('printed lines have their reason and the fields they come from above them, wrapped at the width of a page', () => {
  const why =
    'a reason that is long enough to need more than a single line of a hundred columns, which is where it is cut';

  expect(
    print([
      { directive: 'first 1' },
      { directive: 'server', block: [{ directive: 'inner 2s', why, from: ['idleSeconds'] }, { directive: 'plain' }] },
      { why: 'a remark of its own\nin two paragraphs' },
    ]),
  ).toMatchInlineSnapshot(`
"first 1;

server {
    # a reason that is long enough to need more than a single line of a hundred columns, which is
    # where it is cut (idleSeconds)
    inner 2s;
    plain;
}

# a remark of its own
# in two paragraphs
"
`);
});
