import { parse, print } from '../../../lib/targets/caddy/syntax.ts';
import type { Directive } from '../../../lib/targets/directive.ts';

/** A tree without its places, as nested arrays. */
type Plain = readonly [name: string, args: readonly string[], block?: readonly Plain[]];

const plain = ({ name, args, block }: Directive): Plain =>
  block === undefined ? [name, args] : [name, args, block.map(plain)];

const read = (text: string): readonly Plain[] => parse(text, 'Caddyfile').map(plain);

describe('reads', () => {
  const cases: readonly (readonly [what: string, text: string, tree: readonly Plain[]])[] = [
    ['nothing', ' \n# only a remark', []],
    [
      'lines and their arguments',
      'a b c\nd',
      [
        ['a', ['b', 'c']],
        ['d', []],
      ],
    ],
    ['blocks in blocks', 'a {\n\tb x {\n\t\tc 1\n\t}\n}', [['a', [], [['b', ['x'], [['c', ['1']]]]]]]],
    ['global options, which have no name', '{\n\tdebug\n}', [['', [], [['debug', []]]]]],
    ['placeholders, which are no blocks', 'respond {path} {$PORT:80}', [['respond', ['{path}', '{$PORT:80}']]]],
    ['braces in words', 'path_regexp ^/a{1,3}$', [['path_regexp', ['^/a{1,3}$']]]],
    ['quotes over several lines', 'respond "a\nb" 200', [['respond', ['a\nb', '200']]]],
    ['escaped quotes', String.raw`respond "a \"b\" \d"`, [['respond', [String.raw`a "b" \d`]]]],
    ['backquotes', 'respond `{"a": 1}`', [['respond', ['{"a": 1}']]]],
    ['heredocs', 'respond <<END\n  retry: 1\n  END 200', [['respond', ['  retry: 1', '200']]]],
    ['quoted braces as arguments', 'a "{" "}"', [['a', ['{', '}']]]],
    ['a quote inside a word', `a it's b"c`, [['a', ["it's", 'b"c']]]],
    ['a hash inside a word', 'a b#c # remark {', [['a', ['b#c']]]],
    [
      'joined lines',
      'a b \\\n  c\nd',
      [
        ['a', ['b', 'c']],
        ['d', []],
      ],
    ],
    ['addresses on several lines', 'a.example,\nb.example {\n}', [['a.example,', ['b.example'], []]]],
    ['regular expressions', String.raw`x regexp \?.* ""`, [['x', ['regexp', String.raw`\?.*`, '']]]],
  ];

  test.each(cases)('%s', (_, text, tree) => {
    expect(read(text)).toEqual(tree);
  });
});

test('every directive knows its file and line', () => {
  const [a, b] = parse('\na 1\n# remark\nb "x\ny" {\n  c\n}', 'sites/a.caddy');

  expect([a, b, b?.block?.[0]].map((one) => `${one?.file}:${one?.line}`)).toEqual([
    'sites/a.caddy:2',
    'sites/a.caddy:4',
    'sites/a.caddy:6',
  ]);
});

test.each([
  ['a brace too many', 'a\n}', 'Caddyfile:2: unexpected "}"'],
  ['a block that stays open', 'a\nb {\n\tc\n', 'Caddyfile:2: the file ends inside "b"'],
  ['a quote that stays open', 'a\nb "c\nd', 'Caddyfile:2: a quote is never closed'],
])('fails on %s, naming file and line', (_, text, message) => {
  expect(() => parse(text, 'Caddyfile')).toThrow(new Error(message));
});

test('what is printed is read back', () => {
  const lines = [
    { directive: 'a {path}', why: 'because "of { this' },
    { directive: 'b', block: [{ directive: 'c 1' }] },
  ];

  expect(read(print(lines))).toEqual([
    ['a', ['{path}']],
    ['b', [], [['c', ['1']]]],
  ]);
});
