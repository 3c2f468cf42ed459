import { readFileSync } from 'node:fs';

/** One resource of a synthesized template. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Bag;
  readonly template: Template;
}

export interface Template {
  readonly path: string;
  readonly resources: ReadonlyMap<string, Resource>;
}

export type Bag = Readonly<Record<string, unknown>>;

export function readTemplate(path: string): Template {
  const resources = new Map<string, Resource>();
  const template: Template = { path, resources };
  for (const [logicalId, value] of Object.entries(bag(bag(JSON.parse(readFileSync(path, 'utf8'))).Resources))) {
    const { Type, Properties } = bag(value);
    resources.set(logicalId, { logicalId, type: String(Type), properties: bag(Properties), template });
  }
  return template;
}

/** The value as an object, empty when it is none. */
export const bag = (value: unknown): Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {};

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The resource of the same template that a value refers to, by Ref or by an attribute. */
export function referred(value: unknown, { resources }: Template): Resource | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = bag(value);
  return resources.get(String(Ref ?? list(attribute)[0]));
}
