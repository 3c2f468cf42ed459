import fc from 'fast-check';
import { parse, print, word } from '../../../lib/targets/haproxy/syntax.ts';

const wordsOf = (text: string): readonly (readonly string[])[] =>
  parse(`global\n${text}`, 'a.cfg').flatMap(({ directives }) => directives.map(({ words }) => words));

describe('reads', () => {
  const cases: readonly (readonly [what: string, text: string, words: readonly (readonly string[])[]])[] = [
    ['nothing', ' \n# only a remark', []],
    ['words', '  maxconn   2000\n\tdaemon', [['maxconn', '2000'], ['daemon']]],
    ['remarks behind words', 'a b # c', [['a', 'b']]],
    ['single quotes as they are', String.raw`log-format '%ci "\n" # $x'`, [['log-format', String.raw`%ci "\n" # $x`]]],
    ['escapes in double quotes', String.raw`a "b\n\"c\" \x41"`, [['a', 'b\n"c" A']]],
    ['escapes outside of quotes', String.raw`a b\ c \# \'`, [['a', 'b c', '#', "'"]]],
    ['quotes inside a word', `a b"c d"'e f'g`, [['a', 'bc de fg']]],
    ['an empty word', 'a ""', [['a', '']]],
    ['a line that goes on', 'a b \\\n  c', [['a', 'b', 'c']]],
    ['conditions for the parser as if they were not there', '.if defined(X)\na\n.endif', [['a']]],
  ];

  test.each(cases)('%s', (_, text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

test('sections have their kind, name and defaults, and their lines have file and line', () => {
  const text =
    'global\n  daemon\ndefaults common\nbackend app from common\n\n  mode \\\n    http\n  balance roundrobin';

  expect(parse(text, 'etc/a.cfg')).toEqual([
    { kind: 'global', name: '', directives: [{ words: ['daemon'], file: 'etc/a.cfg', line: 2 }] },
    { kind: 'defaults', name: 'common', directives: [] },
    {
      kind: 'backend',
      name: 'app',
      from: 'common',
      directives: [
        { words: ['mode', 'http'], file: 'etc/a.cfg', line: 6 },
        { words: ['balance', 'roundrobin'], file: 'etc/a.cfg', line: 8 },
      ],
    },
  ]);
});

describe('fails, naming file and line,', () => {
  test.each([
    ['on a quote that stays open', 'global\n  a "b', 'a.cfg:2: a quote is never closed'],
    ['on a line in no section', '\nmaxconn 5', 'a.cfg:2: "maxconn" stands in no section'],
  ])('%s', (_, text, message) => {
    expect(() => parse(text, 'a.cfg')).toThrow(new Error(message));
  });
});

test('any text is read back as one word', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~ ]{1,20}$/), (text) => {
      expect(wordsOf(`cookie ${word(text)} insert`)).toEqual([['cookie', text, 'insert']]);
    }),
  );
});

test('printed sections have their reasons above their lines', () => {
  expect(
    print([
      {
        title: 'global',
        lines: [{ directive: 'daemon' }, { directive: 'maxconn 5', why: 'few', from: ['maxStreams'] }],
      },
      { title: 'backend app', why: 'who answers', lines: [{ directive: 'mode http' }, { why: 'a remark' }] },
    ]),
  ).toMatchInlineSnapshot(`
"global
    daemon

    # few (maxStreams)
    maxconn 5

# who answers
backend app
    mode http

    # a remark
"
`);
});
