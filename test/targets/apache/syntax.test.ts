import { parse, print } from '../../../lib/targets/apache/syntax.ts';
import type { Directive } from '../../../lib/targets/directive.ts';

/** A tree without its places, as nested arrays. */
type Plain = readonly [name: string, args: readonly string[], block?: readonly Plain[]];

const plain = ({ name, args, block }: Directive): Plain =>
  block === undefined ? [name, args] : [name, args, block.map(plain)];

const read = (text: string): readonly Plain[] => parse(text, 'httpd.conf').map(plain);

test.each<readonly [what: string, text: string, tree: readonly Plain[]]>([
  ['nothing', ' \n# only a remark', []],
  [
    'a directive a line',
    'A b c\n D',
    [
      ['A', ['b', 'c']],
      ['D', []],
    ],
  ],
  ['sections', '<Location "/a b">\nA 1\n</Location>', [['<Location', ['/a b'], [['A', ['1']]]]]],
  ['sections in sections', '<A x>\n<B>\nC\n</B>\n</A>', [['<A', ['x'], [['<B', [], [['C', []]]]]]]],
  ['tags in any case', '<IfModule x>\n</ifmodule>', [['<IfModule', ['x'], []]]],
  ['quotes in quotes', String.raw`L "a \"b\" c" d`, [['L', ['a "b" c', 'd']]]],
  ['regular expressions', String.raw`R ^/a\.php$ -`, [['R', [String.raw`^/a\.php$`, '-']]]],
  [
    'lines that go on',
    'A b \\\n  c\nD',
    [
      ['A', ['b', 'c']],
      ['D', []],
    ],
  ],
  ['a hash inside a line', 'A b#c', [['A', ['b#c']]]],
])('reads %s', (_, text, tree) => {
  expect(read(text)).toEqual(tree);
});

test('every directive knows its file and line', () => {
  const [a, b] = parse('\nA 1\n# remark\n<B x>\n  C \\\n  1\n</B>', 'sites/a.conf');

  expect([a, b, b?.block?.[0]].map((one) => `${one?.file}:${one?.line}`)).toEqual([
    'sites/a.conf:2',
    'sites/a.conf:4',
    'sites/a.conf:5',
  ]);
});

test.each([
  ['a section closed as another', '<A>\n</B>', 'httpd.conf:2: unexpected "</B>"'],
  ['a section too many', 'A\n</A>', 'httpd.conf:2: unexpected "</A>"'],
  ['a section that stays open', 'A\n<B x>\nC', 'httpd.conf:2: the file ends inside "<B>"'],
])('fails on %s, naming file and line', (_, text, message) => {
  expect(() => parse(text, 'httpd.conf')).toThrow(new Error(message));
});

test('what is printed is read back', () => {
  const lines = [
    { directive: 'A b', why: 'because <of this>' },
    { directive: '<B "x">', block: [{ directive: 'C 1' }] },
  ];

  expect(read(print(lines))).toEqual([
    ['A', ['b']],
    ['<B', ['x'], [['C', ['1']]]],
  ]);
});
