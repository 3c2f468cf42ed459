import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { type ModuleItem, parseSync, type TsType, type TsTypeElement } from '@swc/core';
import { schemas } from './schemas/schemas.ts';

const modules = resolve(__dirname, '../../node_modules');

/**
 * Schemas of the API as compiled validators with declarations: Kubernetes' own (a 1.3x of the API), and those of custom
 * resources. A folder for each group and version, a file for each kind.
 */
const packages = [
  'kubernetes-models',
  '@kubernetes-models/gateway-api',
  '@kubernetes-models/istio',
  '@kubernetes-models/keda',
  '@kubernetes-models/prometheus-operator',
];

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Everything that is wrong with a manifest, as a strict API server would find it without looking at the cluster: wrong
 * types, values out of range or off the list, missing fields, and fields that the API does not know.
 *
 * @throws Error when there is no schema for the kind: a manifest that nobody checked is not valid.
 */
export function faultsIn(manifest: Typed): readonly string[] {
  const { apiVersion, kind } = manifest;
  const written = schemas[`${apiVersion} ${kind}`];
  if (written) return written.faultsIn(manifest);
  const file = schemaFor(manifest);
  if (file === undefined)
    throw new Error(`${apiVersion} ${kind} has no schema in ${packages.join(', ')}, nor in test/k8s/schemas`);
  const { [kind]: Model } = createRequire(__filename)(`${file}.js`) as Record<string, ModelClass>;
  if (Model === undefined) throw new Error(`${file} must export ${kind}`);
  return [...schemaFaults(new Model(manifest), kind), ...strays(manifest, named(`I${kind}`, `${file}.d.ts`), kind)];
}

/** The module of a kind's schema, without its ending. */
const schemaFor = ({ apiVersion, kind }: Typed): string | undefined =>
  packages.map((name) => join(modules, name, apiVersion, kind)).find((path) => existsSync(`${path}.d.ts`));

/** Fails with everything that is wrong with the manifests, by kind, name and path. */
export function expectValid(...manifests: readonly (Typed & { readonly metadata: { readonly name: string } })[]): void {
  const faults = manifests.flatMap((manifest) =>
    faultsIn(manifest).map((fault) => `${manifest.metadata.name}: ${fault}`),
  );
  expect(faults).toEqual([]);
}

type ModelClass = new (data: Typed) => { validate(): void };

function schemaFaults(model: { validate(): void }, kind: string): readonly string[] {
  try {
    model.validate();
    return [];
  } catch (error) {
    return [`${kind}: ${(error as Error).message}`];
  }
}

/** A type, and the declaration file whose imports its names mean. */
interface Declared {
  readonly type: TsType | Members;
  readonly file: string;
}

interface Members {
  readonly type: 'Members';
  readonly members: readonly TsTypeElement[];
}

/** Paths of fields that the declared type does not have. */
function strays(value: unknown, declared: Declared | undefined, path: string): readonly string[] {
  if (declared === undefined || typeof value !== 'object' || value === null) return [];
  const { type, file } = declared;
  const within = (inner: TsType): Declared => ({ type: inner, file });
  switch (type.type) {
    case 'TsParenthesizedType':
      return strays(value, within(type.typeAnnotation), path);
    case 'TsArrayType':
      return listed(value, within(type.elemType), path);
    case 'TsUnionType':
      return fewest(type.types.map((option) => strays(value, within(option), path)));
    case 'TsTypeReference': {
      const name = type.typeName.type === 'Identifier' ? type.typeName.value : '';
      const [item] = type.typeParams?.params ?? [];
      return name === 'Array' && item ? listed(value, within(item), path) : strays(value, named(name, file), path);
    }
    case 'TsTypeLiteral':
      return strayMembers(value, type.members, file, path);
    case 'Members':
      return strayMembers(value, type.members, file, path);
    default:
      return [];
  }
}

const listed = (value: object, item: Declared, path: string): readonly string[] =>
  Array.isArray(value) ? value.flatMap((one, index) => strays(one, item, `${path}[${index}]`)) : [];

const fewest = (options: readonly (readonly string[])[]): readonly string[] =>
  options.reduce((best, option) => (option.length < best.length ? option : best));

function strayMembers(value: object, members: readonly TsTypeElement[], file: string, path: string): readonly string[] {
  const fields = new Map(
    members.flatMap((member) =>
      member.type === 'TsPropertySignature' && 'value' in member.key
        ? [[String(member.key.value), member.typeAnnotation?.typeAnnotation] as const]
        : [],
    ),
  );
  const any = members.find((member) => member.type === 'TsIndexSignature')?.typeAnnotation?.typeAnnotation;
  // a type without a single field is free-form
  if (fields.size === 0 && any === undefined) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = `${path}.${key}`;
    if (!fields.has(key) && any === undefined) return [`${field} is not a field of the API`];
    const type = fields.get(key) ?? any;
    return type ? strays(inner, { type, file }, field) : [];
  });
}

/** The interface that a name means in a declaration file; it may be imported, and exported under another name. */
function named(name: string, file: string): Declared | undefined {
  const items = declarations(file);
  for (const item of items) {
    if (item.type === 'ImportDeclaration') {
      const found = item.specifiers.find(({ local }) => local.value === name);
      const target = found && declarationFile(item.source.value, file);
      if (target) return named(name, target);
    }
    if (item.type === 'ExportNamedDeclaration') {
      const alias = item.specifiers.find(
        (one) => one.type === 'ExportSpecifier' && one.exported?.value === name && one.orig.value !== name,
      );
      if (alias?.type === 'ExportSpecifier') return named(alias.orig.value, file);
    }
    const declaration = item.type === 'ExportDeclaration' ? item.declaration : item;
    if (declaration.type === 'TsInterfaceDeclaration' && declaration.id.value === name)
      return { type: { type: 'Members', members: declaration.body.body }, file };
    if (declaration.type === 'TsTypeAliasDeclaration' && declaration.id.value === name)
      return { type: declaration.typeAnnotation, file };
  }
  return undefined;
}

const parsed = new Map<string, readonly ModuleItem[]>();

function declarations(file: string): readonly ModuleItem[] {
  const known = parsed.get(file);
  if (known) return known;
  const { body } = parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', target: 'es2022' });
  parsed.set(file, body);
  return body;
}

function declarationFile(wanted: string, from: string): string | undefined {
  const base = wanted.startsWith('.') ? resolve(dirname(from), wanted) : join(modules, wanted);
  return [`${base}.d.ts`, join(base, 'index.d.ts')].find((path) => existsSync(path));
}
