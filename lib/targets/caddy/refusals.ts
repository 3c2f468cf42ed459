import type { Fact } from '../../policy/index.ts';
import { type Directive, fact } from '../directive.ts';
import { matches } from './matchers.ts';

type Tree = readonly Directive[];

/** What an EventSource meets when no replica is left. */
const statuses = [502, 503, 504];

/**
 * A refusal is soft when every status that a dead or draining backend leads to ends in a 200 with `retry:`. A service
 * that was promised soft refusals by this Caddy answers 503 itself, which only counts when it is made an error of Caddy's.
 */
export function refusals(
  levels: readonly Tree[],
  proxy: Tree,
  path: string,
  promised: boolean,
): Fact<'soft' | 'fatal'> {
  const handlers = (levels[0] ?? []).filter(({ name }) => name === 'handle_errors');
  if (promised && !makesErrors(proxy)) return fatal(handlers[0], 'no handle_response for 503');
  const soft = statuses.map((status) => handlers.find((handler) => isSoft(handler, status, path)));
  const hard = statuses.find((_, index) => soft[index] === undefined);
  if (hard === undefined) return fact<'soft' | 'fatal'>(soft[0], '', () => 'soft');
  return fatal(handlers[0], 'no handle_errors for 502 503 504');
}

const fatal = (place: Directive | undefined, otherwise: string): Fact<'soft' | 'fatal'> =>
  fact<'soft' | 'fatal'>(place, otherwise, () => 'fatal');

/** A 503 from the service becomes an error here: by `error`, or by what the proxy inside does with its own. */
function makesErrors(proxy: Tree): boolean {
  return proxy
    .filter(({ name, args: [matcher] }) => name === 'handle_response' && takes503(proxy, matcher))
    .some(({ block = [] }) =>
      block.some(({ name, block: inner = [] }) => name === 'error' || (name === 'reverse_proxy' && makesErrors(inner))),
    );
}

function takes503(proxy: Tree, matcher: string | undefined): boolean {
  if (matcher === undefined) return true;
  const named = proxy.findLast(({ name }) => name === matcher);
  const conditions = [named?.args ?? [], ...(named?.block ?? []).map(({ name, args }) => [name, ...args])];
  return conditions.some(([kind, ...codes]) => kind === 'status' && codes.some((code) => isStatus(code, 503)));
}

const isStatus = (code: string, status: number): boolean =>
  code === String(status) || code.toLowerCase() === `${String(status).charAt(0)}xx`;

function isSoft(handler: Directive, status: number, path: string): boolean {
  // from Caddy 2.8 on, handle_errors may name its statuses
  const meant = handler.args.length === 0 || handler.args.some((code) => isStatus(code, status));
  return meant && answersSoftly([handler.block ?? []], status, path);
}

/** Of the routes that take the error, the first decides. */
function answersSoftly(levels: readonly Tree[], status: number, path: string): boolean {
  const level = levels.at(-1) ?? [];
  const taken = (one: Directive): boolean => matches(one, levels, path) && takesStatus(one, levels, status);
  const route = level.find(({ name, ...one }) => ['handle', 'route'].includes(name) && taken({ name, ...one }));
  if (route?.block && answersSoftly([...levels, route.block], status, path)) return true;
  return level.some((one) => one.name === 'respond' && taken(one) && isSoftAnswer(one));
}

function isSoftAnswer({ args, block = [] }: Directive): boolean {
  const body = [...args, ...block.filter(({ name }) => name === 'body').flatMap((one) => one.args)];
  return args.at(-1) === '200' && body.some((text) => text.includes('retry:'));
}

/** Whether a matcher's expression on the status lets this one through; it may stand beside other conditions. */
function takesStatus({ args: [matcher] }: Directive, levels: readonly Tree[], status: number): boolean {
  const named = levels.flat().findLast(({ name }) => matcher?.startsWith('@') && name === matcher);
  const conditions = [named?.args ?? [], ...(named?.block ?? []).map(({ name, args }) => [name, ...args])];
  return conditions
    .filter(([kind]) => kind === 'expression' || kind?.includes('status_code'))
    .every((words) => evaluates(words.join(' '), status));
}

/** Expressions of comparisons with `&&` and `||`, which is what people write about a status. */
function evaluates(expression: string, status: number): boolean {
  return expression.split('||').some((part) => part.split('&&').every((comparison) => compares(comparison, status)));
}

function compares(comparison: string, status: number): boolean {
  const [, operator = '', right = ''] = /status_code\}?\s*(in|[=!<>]=?)\s*(\[[^\]]*\]|\d+)/.exec(comparison) ?? [];
  const values = [...right.matchAll(/\d+/g)].map(Number);
  const [value = 0] = values;
  switch (operator) {
    case 'in':
      return values.includes(status);
    case '==':
      return status === value;
    case '!=':
      return status !== value;
    case '>=':
      return status >= value;
    case '>':
      return status > value;
    case '<=':
      return status <= value;
    case '<':
      return status < value;
    default:
      return true;
  }
}
