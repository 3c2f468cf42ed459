import type { Fact, Fault, Hop } from '../../policy/index.ts';
import { cloudFrontValues, cloudfront, leadsToService } from '../../targets/index.ts';
import type { Reading } from './reading.ts';
import { bag, type Resource } from './template.ts';

/** Settings that a hop is read from; where one is known at deployment only, what depends on it is not judged. */
const settings = [
  'OriginReadTimeout',
  'OriginKeepaliveTimeout',
  'ResponseCompletionTimeout',
  'Compress',
  'CachePolicyId',
] as const;

const timeouts = ['OriginReadTimeout', 'OriginKeepaliveTimeout'] as const;

/** A distribution whose streams come from a bucket, a website above all, is on no stream's path. */
function distribution({ properties }: Resource): readonly Reading[] {
  const config = bag(properties.DistributionConfig);
  const files = { 'distribution.json': JSON.stringify({ DistributionConfig: config }) };
  if (!leadsToService(files)) return [];
  const found = settings.flatMap((name) => valuesOf(config, name).map((value) => [name, value] as const));
  return [
    {
      values: Object.fromEntries(found.filter(([, value]) => typeof value !== 'object')) as Reading['values'],
      unresolved: [...new Set(found.filter(([, value]) => typeof value === 'object').map(([name]) => name))],
      at: 'Properties.DistributionConfig',
      hop: withoutLines(cloudfront.read(files)),
      faults: timeouts.flatMap((name) => valuesOf(config, name).flatMap((value) => outOfRange(name, value))),
      target: cloudfront,
    },
  ];
}

/** Every value under a key, however deep it stands. */
function valuesOf(value: unknown, key: string): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesOf(one, key));
  return Object.entries(bag(value)).flatMap(([name, inner]) => (name === key ? [inner] : valuesOf(inner, key)));
}

/** CDK and CloudFormation's schema pass any number on. */
function outOfRange(name: (typeof timeouts)[number], value: unknown): readonly Fault[] {
  const { least, most } = cloudFrontValues.timeoutLimit;
  const seconds = Number(value);
  if (typeof value === 'object' || (seconds >= least && seconds <= most)) return [];
  const rule = name === 'OriginReadTimeout' ? 'cloudfront-read-timeout' : 'cloudfront-keepalive-timeout';
  const message = `${name} (${value}) must be from ${least} to ${most} s, unless a quota is raised; ${seconds > most ? `lower it to ${most}` : `raise it to ${least}`}`;
  return [{ rule, fields: [name], message }];
}

/** Lines are those of the text that was read, which nobody has. */
function withoutLines({ target, ...facts }: Hop): Hop {
  const bare = ({ value, setting }: Fact<unknown>) => ({ value, setting });
  const all = Object.entries<Fact<unknown> | readonly Fact<unknown>[]>(facts);
  const left = all.map(([name, fact]) => [name, Array.isArray(fact) ? fact.map(bare) : bare(fact as Fact<unknown>)]);
  return { target, ...Object.fromEntries(left) };
}

/** Amazon CloudFront, where it stands in front of a service. */
export const cloudFrontReaders = { 'AWS::CloudFront::Distribution': distribution };
