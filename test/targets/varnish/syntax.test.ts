import type { Directive } from '../../../lib/targets/directive.ts';
import { parse, print } from '../../../lib/targets/varnish/syntax.ts';

/** A tree without its places, as nested arrays. */
type Plain = readonly [name: string, words: string, block?: readonly Plain[]];

const plain = ({ name, args, block }: Directive): Plain =>
  block === undefined ? [name, args.join(' ')] : [name, args.join(' '), block.map(plain)];

const read = (text: string): readonly Plain[] => parse(text, 'a.vcl').map(plain);

test.each<readonly [what: string, text: string, tree: readonly Plain[]]>([
  ['nothing', " \n# only a remark\n// another\n/* and\n one */ C{ char c = '}'; }C", []],
  [
    'statements',
    'vcl 4.1;import std;',
    [
      ['vcl', '4.1'],
      ['import', 'std'],
    ],
  ],
  [
    'blocks in blocks',
    'sub a { if (b) { return (pass); } }',
    [['sub', 'a', [['if', '( b )', [['return', '( pass )']]]]]],
  ],
  ['names with dots and hyphens', 'set req.http.X-A.b=x-1;', [['set', 'req.http.X-A.b = x-1']]],
  ['names at an operator', 'set a=-b+c;', [['set', 'a = - b + c']]],
  ['operators of two signs', 'a!~b!=c==d&&e||f+=1;', [['a', '!~ b != c == d && e || f += 1']]],
  ['durations', '.x=1.5h;', [['.x', '= 1.5h']]],
  ['strings with braces and remarks', 'a "b; # {" ;', [['a', '"b; # {"']]],
  ['long strings over lines', 'a {"b\n"c"} d;', [['a', '"b\n"c" d']]],
  ['strings in three quotes', 'a """b "c" """;', [['a', '"b "c" "']]],
])('reads %s', (_, text, tree) => {
  expect(read(text)).toEqual(tree);
});

test('every directive knows its file and line, behind strings over lines too', () => {
  const [a, b] = parse('\nset a = {"\n\n"};\n# remark\nsub b {\n  set c = 1;\n}', 'sites/a.vcl');

  expect([a, b, b?.block?.[0]].map((one) => `${one?.file}:${one?.line}`)).toEqual([
    'sites/a.vcl:2',
    'sites/a.vcl:6',
    'sites/a.vcl:7',
  ]);
});

test.each([
  ['a brace too many', 'a;\n}', 'a.vcl:2: unexpected "}"'],
  ['a block that stays open', '\nsub a {\nb;', 'a.vcl:2: the file ends inside "sub"'],
  ['a string that stays open', 'a;\nb "c;\n', 'a.vcl:2: a string is never closed'],
  ['a statement without its end', 'sub a {\nset b = c\n}', 'a.vcl:2: "set" has no ";" at its end'],
  ['the last one without its end', 'import std', 'a.vcl:1: "import" has no ";" at its end'],
])('fails on %s, naming file and line', (_, text, message) => {
  expect(() => parse(text, 'a.vcl')).toThrow(new Error(message));
});

test('what is printed is read back', () => {
  const lines = [
    { directive: 'import std', why: 'because { of "this"' },
    { directive: 'sub a', block: [{ directive: 'set b = {"\n"}' }] },
  ];

  expect(read(print(lines))).toEqual([
    ['import', 'std'],
    ['sub', 'a', [['set', 'b = "\n"']]],
  ]);
});
