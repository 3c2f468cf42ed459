import type { Directive } from '../directive.ts';
import { evaluate, judge, type State, variable } from './condition.ts';
import type { Program } from './program.ts';

/** What a request goes through in one sub: what was said, and how it ended. */
export interface Walk {
  /** `set`, `unset` and `synthetic`, in order. */
  readonly said: readonly Directive[];
  /** `pass` of `return (pass)`; undefined leaves it to the built-in VCL. */
  readonly end: string | undefined;
  readonly ending?: Directive;
}

/** Walks through a sub as a request does whose state is known in part; the state is changed on the way. */
export function walk(program: Program, sub: string, state: State): Walk {
  const said: Directive[] = [];
  const ending = through(program.sub(sub), { program, state, said, inside: [sub] });
  return { said, end: ending && (ending.args[1] ?? ''), ...(ending && { ending }) };
}

interface Way {
  readonly program: Program;
  readonly state: State;
  readonly said: Directive[];
  /** Subs that are being called already. */
  readonly inside: readonly string[];
}

/** The `return` that ends the walk. */
function through(tree: readonly Directive[], way: Way): Directive | undefined {
  let decided = false;
  for (const one of tree) {
    const branch = branchOf(one);
    if (branch?.first) decided = false;
    if (branch !== undefined) {
      if (decided) continue;
      const verdict = branch.condition === undefined ? true : judge(branch.condition, way.state);
      // what cannot be known from here (a host, a network) does not stand in the way of what the path decides inside
      const enters = verdict === true || (verdict === undefined && speaksOfThePath(one.block ?? [], way.state));
      decided = verdict !== false;
      const ending = enters ? through(one.block ?? [], way) : undefined;
      if (ending) return ending;
    } else if (one.name === 'return') return one;
    else if (one.name === 'call') {
      const [name = ''] = one.args;
      if (way.inside.includes(name)) continue;
      const ending = through(way.program.sub(name), { ...way, inside: [...way.inside, name] });
      // a bare return comes back from the sub alone
      if (ending && ending.args.length > 0) return ending;
    } else say(one, way);
  }
  return undefined;
}

interface Branch {
  /** It begins a new question. */
  readonly first: boolean;
  readonly condition?: readonly string[];
}

/** `if`, `else if` in all its spellings, `else`. */
function branchOf({ name, args }: Directive): Branch | undefined {
  if (name === 'if') return { first: true, condition: args };
  if (['elseif', 'elsif', 'elif'].includes(name)) return { first: false, condition: args };
  if (name !== 'else') return undefined;
  return args[0] === 'if' ? { first: false, condition: args.slice(1) } : { first: false };
}

function speaksOfThePath(tree: readonly Directive[], state: State): boolean {
  return tree.some((one) => {
    const condition = branchOf(one)?.condition ?? [];
    const named = condition.includes('req.url') || condition.includes('bereq.url');
    return (named && judge(condition, state) === true) || speaksOfThePath(one.block ?? [], state);
  });
}

function say(one: Directive, { state, said }: Way): void {
  const [target = '', operator, ...expression] = one.args;
  if (one.name === 'set') state.set(variable(target), operator === '=' ? evaluate(expression, state) : 'unknown');
  else if (one.name === 'unset') state.set(variable(target), 'absent');
  else if (one.name !== 'synthetic') return;
  said.push(one);
}
