import { parse } from 'yaml';
import { line, list, map, plain, yaml } from '../../../lib/targets/edge/tree.ts';

const tree = map(
  line('kind', 'Thing'),
  line(
    'spec',
    map(
      line('timeout', '60', 'silence', ['idleSeconds']),
      line('on', true),
      false,
      line('example.com/key', 'on', 'a word that YAML takes for a boolean'),
      line('hosts', list('a.example.com', 'b: c')),
      line('rules', list(map(line('name', 'first', 'reasons go above the dash'), line('port', 80)), map())),
      line('nothing', map()),
      line('none', list()),
      line('text', '# a remark\n\nand: a line'),
      line('frame', 'retry: 1\n\n'),
    ),
  ),
);

test('a tree reads like this', () => {
  expect(yaml(tree)).toMatchInlineSnapshot(`
"kind: Thing
spec:
  # silence (idleSeconds)
  timeout: "60"
  on: true
  # a word that YAML takes for a boolean
  example.com/key: "on"
  hosts:
    - a.example.com
    - "b: c"
  rules:
    # reasons go above the dash
    - name: first
      port: 80
    - {}
  nothing: {}
  none: []
  text: |-
    # a remark

    and: a line
  frame: "retry: 1\\n\\n"
"
`);
});

test('file and object say the same', () => {
  expect(parse(yaml(tree))).toEqual(plain(tree));
});

test('a list in a list is refused rather than written wrongly', () => {
  expect(() => yaml(map(line('a', list(list('b')))))).toThrow('list of lists');
});
