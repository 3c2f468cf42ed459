import { z } from 'zod';
import { cookieNamePattern, defaults, type Field, fieldNames, fields, maxStickinessSeconds } from '../policy/index.ts';
import { aws } from './sections/aws.ts';
import { kubernetes } from './sections/kubernetes.ts';
import { proxyFiles } from './sections/proxies.ts';
import { service } from './sections/service.ts';

/** Every section but the policy, which lib/policy judges itself. */
export const sections = z.strictObject({
  $schema: z.string().optional().describe('where editors find this schema'),
  policy: z.unknown().optional(),
  service: service.prefault({}).describe('the service and how it is sized'),
  aws: aws.prefault({}).describe('the CDK stacks'),
  kubernetes: kubernetes.prefault({}).describe('the cdk8s chart'),
  proxies: proxyFiles.prefault({}).describe('proxy files to copy'),
});

export type Sections = z.output<typeof sections>;

/** The same as it is written down: every key optional. */
export type SectionInputs = z.input<typeof sections>;

/** The JSON Schema of sse-kit.config.json, for editors. */
export function configSchema(): object {
  const schema = z.toJSONSchema(sections, { target: 'draft-7', io: 'input' }) as {
    properties: Record<string, unknown>;
  };
  return { ...schema, title: 'sse-kit.config.json', properties: { ...schema.properties, policy: policySchema() } };
}

function policySchema(): object {
  return {
    type: 'object',
    description: 'the stream policy: whole seconds unless the name says otherwise',
    additionalProperties: false,
    properties: Object.fromEntries(
      fieldNames.map((name) => [name, { ...fieldSchema(fields[name]), default: defaults[name] }]),
    ),
  };
}

function fieldSchema(field: Field): object {
  if (field.kind === 'stickiness') return { description: field.meaning, anyOf: [{ const: 'none' }, stickinessSchema] };
  const { kind, unit, minimum, maximum, meaning } = field;
  return { type: kind === 'integer' ? 'integer' : 'number', minimum, maximum, description: `${meaning} (${unit})` };
}

const stickinessSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['cookie', 'seconds'],
  properties: {
    cookie: { type: 'string', pattern: cookieNamePattern },
    seconds: { type: 'integer', minimum: 1, maximum: maxStickinessSeconds },
  },
};
