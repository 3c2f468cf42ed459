import { Witness } from '../../../service/broker/witness.ts';

test('the newest event speaks', () => {
  const witness = new Witness();
  witness.saw('first', 'x', 1);
  witness.saw('first', 'y', 3);
  witness.saw('first', 'x', 2);

  expect(witness.testimony).toEqual({ epoch: 'first', channel: 'y', position: 3 });
});

test('after an interruption the newest from before speaks, until a store has confirmed it', () => {
  const witness = new Witness();
  witness.saw('first', 'x', 1);
  witness.interrupted();
  const before = witness.testimony;
  witness.saw('first', 'x', 2);
  witness.interrupted();

  expect(witness.testimony).toBe(before);
  witness.confirmed(before);
  expect(witness.testimony).toEqual({ epoch: 'first', channel: 'x', position: 2 });
});

test('what was sent before the interruption confirms nothing that came after it', () => {
  const witness = new Witness();
  witness.saw('first', 'x', 1);
  const sent = witness.testimony;
  witness.saw('first', 'x', 2);
  witness.interrupted();
  witness.confirmed(sent);
  witness.saw('first', 'x', 3);

  expect(witness.testimony.position).toBe(2);
});
