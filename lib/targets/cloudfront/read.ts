import type { Fact, Hop } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { child, findAll, isTrue, items, readAllYaml, type Tree, textOf } from '../yaml.ts';
import { keptErrors, managed, outageCodes, usual } from './values.ts';

/**
 * What a distribution does to a stream: of a CloudFormation template, a DistributionConfig as the API answers it
 * (`aws cloudfront get-distribution-config`), or our own file.
 *
 * @throws Error where no file has a distribution.
 */
export function readCloudFront(files: Files, path = '/events'): Hop {
  const [distribution] = readAllYaml(files).flatMap((tree) => findAll(tree, isDistribution));
  if (distribution === undefined)
    throw new Error(`${Object.keys(files).join(', ')}: no distribution with Origins and a DefaultCacheBehavior`);
  const behavior = behaviorFor(distribution, path);
  const { origin, soft } = originOf(distribution, behavior);
  const settings = child(origin, 'VpcOriginConfig') ?? child(origin, 'CustomOriginConfig');
  const logging = child(distribution, 'Logging');
  return {
    target: 'cloudfront',
    idleTimers: [number(settings, 'OriginReadTimeout', usual.readTimeout)],
    durationCaps: [number(origin, 'ResponseCompletionTimeout', Number.POSITIVE_INFINITY)],
    poolIdle: number(settings, 'OriginKeepaliveTimeout', usual.keepalive),
    buffering: { value: false, setting: 'packets are passed on as they come' },
    compression: fact(isTrue(child(behavior, 'Compress')), 'Compress', child(behavior, 'Compress'), 'false'),
    caching: cachingOf(distribution, behavior),
    refusals: refusalsOf(distribution, soft),
    ...(textOf(child(logging, 'Bucket')) && {
      logsQuery: fact(true, 'Logging.Bucket', child(logging, 'Bucket'), ''),
    }),
  };
}

/** Whether streams could come from where a path leads: a bucket has none. */
export function leadsToService(files: Files, path = '/events'): boolean {
  const [distribution] = readAllYaml(files).flatMap((tree) => findAll(tree, isDistribution));
  if (distribution === undefined) return false;
  const { origin } = originOf(distribution, behaviorFor(distribution, path));
  return child(origin, 'VpcOriginConfig') !== undefined || child(origin, 'CustomOriginConfig') !== undefined;
}

const isDistribution = (tree: Tree): boolean =>
  child(tree, 'Origins') !== undefined && child(tree, 'DefaultCacheBehavior') !== undefined;

/** CloudFormation has lists; the API has them under `Items`, beside their `Quantity`. */
const listOf = (tree: Tree | undefined): readonly Tree[] => (tree?.items ? tree.items : items(child(tree, 'Items')));

const named = (trees: readonly Tree[], key: string, value: string | undefined): Tree | undefined =>
  trees.find((tree) => textOf(child(tree, key)) === value);

/** The first pattern that fits wins; `*` is any text and `?` one character (API CacheBehavior, PathPattern). */
function behaviorFor(distribution: Tree, path: string): Tree | undefined {
  const fits = (pattern: string): boolean => {
    const expression = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^/?${expression.replace(/^\//, '')}$`).test(path);
  };
  const special = listOf(child(distribution, 'CacheBehaviors')).find((one) =>
    fits(textOf(child(one, 'PathPattern')) ?? ''),
  );
  return special ?? child(distribution, 'DefaultCacheBehavior');
}

/** The origin that streams come from, which of a group is the first, and whether another one stands in for it. */
function originOf(distribution: Tree, behavior: Tree | undefined) {
  const wanted = textOf(child(behavior, 'TargetOriginId'));
  const group = named(listOf(child(distribution, 'OriginGroups')), 'Id', wanted);
  const [first] = listOf(child(group, 'Members'));
  const id = group === undefined ? wanted : textOf(child(first, 'OriginId'));
  const codes = listOf(child(group, 'FailoverCriteria', 'StatusCodes')).map((code) => Number(textOf(code)));
  const soft = group !== undefined && outageCodes.every((code) => codes.includes(code));
  return { origin: named(listOf(child(distribution, 'Origins')), 'Id', id), soft: soft ? group : undefined };
}

function cachingOf(distribution: Tree, behavior: Tree | undefined): Fact<boolean> {
  const policy = child(behavior, 'CachePolicyId');
  if (textOf(policy) !== managed.cachingDisabled) return fact(true, 'CachePolicyId', policy, 'none');
  const errors = listOf(child(distribution, 'CustomErrorResponses'));
  const kept = keptErrors.find((code) => {
    const ttl = textOf(child(named(errors, 'ErrorCode', String(code)), 'ErrorCachingMinTTL'));
    // 416 is never kept (developer guide, "Control how long CloudFront caches errors")
    return code !== 416 && Number(ttl ?? usual.errorCaching) !== 0;
  });
  if (kept === undefined) return fact(false, 'CachePolicyId', policy, '');
  const error = named(errors, 'ErrorCode', String(kept));
  return fact(true, `ErrorCachingMinTTL of ${kept}`, child(error, 'ErrorCachingMinTTL'), String(usual.errorCaching));
}

/** A second origin is taken for one that answers softly: what it says is not in the distribution. */
function refusalsOf(distribution: Tree, group: Tree | undefined): Fact<'soft' | 'fatal'> {
  if (group !== undefined)
    return fact('soft', 'FailoverCriteria.StatusCodes', child(group, 'FailoverCriteria'), '', outageCodes.join(' '));
  const errors = listOf(child(distribution, 'CustomErrorResponses'));
  const pages = outageCodes.map((code) => named(errors, 'ErrorCode', String(code)));
  const soft = pages.every(
    (page) => textOf(child(page, 'ResponseCode')) === '200' && textOf(child(page, 'ResponsePagePath')) !== undefined,
  );
  return soft
    ? fact('soft', 'ResponsePagePath', child(pages[0], 'ResponsePagePath'), '')
    : fact('fatal', 'no second origin', undefined, '', `for ${outageCodes.join(' ')}`);
}

function number(tree: Tree | undefined, key: string, otherwise: number): Fact<number> {
  const found = child(tree, key);
  return fact(
    Number(textOf(found) ?? otherwise),
    key,
    found,
    otherwise === Number.POSITIVE_INFINITY ? 'none' : String(otherwise),
  );
}

/** A fact in CloudFront's words: the value as it is written, or the default with a word that it is one. */
function fact<T>(value: T, key: string, tree: Tree | undefined, otherwise: string, shown = textOf(tree)): Fact<T> {
  const written = shown ?? (otherwise === '' ? '' : `${otherwise} (default)`);
  const setting = `${key} ${written}`.trimEnd();
  return tree === undefined ? { value, setting } : { value, setting, at: tree.at };
}
