import { type Fact, proxySoftFailsHeader } from '../../policy/index.ts';
import { allOf, anyOf, type Verdict } from '../verdict.ts';
import { child, findAll, items, type Tree, textOf } from '../yaml.ts';
import { matchesHeader, matchesText } from './matches.ts';
import type { Route } from './route.ts';
import { factAt, filterOf, isType } from './tree.ts';

/** What an EventSource meets when no replica is left. */
const statuses = [502, 503, 504];

/**
 * A refusal is soft when every status that a dead or draining backend leads to is rewritten to a 200 with `retry:`. A
 * service that was promised soft refusals answers 503 itself: no mapper sees that, unless a filter makes it Envoy's own.
 */
export function refusals(way: Route, path: string): Fact<'soft' | 'fatal'> {
  const mappers = items(child(way.manager, 'local_reply_config', 'mappers'));
  const hard = statuses.find((status) => !isSoft(mappers, status, path));
  if (hard !== undefined)
    return factAt(child(way.manager, 'local_reply_config'), `no local_reply_config for ${hard}`, 'fatal');
  const promise = promiseOf(way);
  if (promise && !makesLocal(way)) return factAt(promise, `request_headers_to_add ${proxySoftFailsHeader}`, 'fatal');
  return factAt(mappers[0], 'local_reply_config', 'soft');
}

/** The first mapper that fits decides; one that may fit (by chance, or by what is not known) has to be soft as well. */
function isSoft(mappers: readonly Tree[], status: number, path: string): boolean {
  for (const mapper of mappers) {
    const verdict = evaluate(child(mapper, 'filter'), status, path);
    if (verdict === false) continue;
    if (!isSoftMapper(mapper)) return false;
    if (verdict === true) return true;
  }
  return false;
}

/** The body is given whole, or as what the format puts in. */
function isSoftMapper(mapper: Tree): boolean {
  const format = child(mapper, 'body_format_override');
  const type = textOf(child(format, 'content_type')) ?? '';
  const bodies = findAll(mapper, (one) => textOf(one)?.includes('retry:') ?? false);
  return textOf(child(mapper, 'status_code')) === '200' && type.startsWith('text/event-stream') && bodies.length > 0;
}

/** config.accesslog.v3.AccessLogFilter, for a reply of this status to an EventSource. */
function evaluate(filter: Tree | undefined, status: number, path: string): Verdict {
  const each = (name: string): readonly Verdict[] =>
    items(child(filter, name, 'filters')).map((one) => evaluate(one, status, path));
  if (child(filter, 'and_filter')) return allOf(each('and_filter'));
  if (child(filter, 'or_filter')) return anyOf(each('or_filter'));
  const header = child(filter, 'header_filter', 'header');
  if (header) return matchesHeader(header, path);
  const comparison = child(filter, 'status_code_filter', 'comparison');
  return comparison ? compares(comparison, status) : undefined;
}

function compares(comparison: Tree, status: number): Verdict {
  const value = Number(textOf(child(comparison, 'value', 'default_value')) ?? 0);
  switch (textOf(child(comparison, 'op')) ?? 'EQ') {
    case 'GE':
      return status >= value;
    case 'LE':
      return status <= value;
    default:
      return status === value;
  }
}

function promiseOf({ configuration, host, route }: Route): Tree | undefined {
  return [configuration, host, route]
    .flatMap((level) => items(child(level, 'request_headers_to_add')))
    .find((one) => textOf(child(one, 'header', 'key'))?.toLowerCase() === proxySoftFailsHeader);
}

/** A custom_response whose matcher takes a 503, and answers it here. */
function makesLocal({ manager, host, route }: Route): boolean {
  return [filterOf(manager, route, 'CustomResponse'), filterOf(manager, host, 'CustomResponse')]
    .flat()
    .flatMap((config) => items(child(config, 'custom_response_matcher', 'matcher_list', 'matchers')))
    .some(
      (matcher) =>
        takes503(child(matcher, 'predicate')) &&
        findAll(matcher, (one) => isType(one, 'LocalResponsePolicy')).length > 0,
    );
}

function takes503(predicate: Tree | undefined): boolean {
  const alternatives = items(child(predicate, 'or_matcher', 'predicate'));
  if (alternatives.length > 0) return alternatives.some(takes503);
  const single = child(predicate, 'single_predicate');
  const text = isType(child(single, 'input', 'typed_config'), 'HttpResponseStatusCodeClassMatchInput') ? '5xx' : '503';
  return matchesText(child(single, 'value_match'), text) === true;
}
