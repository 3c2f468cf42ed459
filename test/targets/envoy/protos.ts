import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

/**
 * A configuration against Envoy's own .proto files, as its JSON loader reads them: every field, type, enum and duration,
 * extensions by their type URL, and the rules of protoc-gen-validate that Envoy enforces.
 */

const protos = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(protos, name));

const root = new protobuf.Root();
root.resolvePath = (_, wanted) => {
  const found = folders.map((folder) => join(folder, wanted)).find(existsSync);
  if (found !== undefined) return found;
  return protobuf.common.get(wanted) ? wanted : join(dirname(require.resolve('protobufjs/package.json')), wanted);
};

/** A message by its full name; its files are those of its package's folder. */
function typeOf(name: string): protobuf.Type | undefined {
  const folder = name.split('.').slice(0, -1).join('/');
  const place = folders.map((one) => join(one, folder)).find(existsSync);
  const files = place === undefined ? [] : readdirSync(place).filter((file) => file.endsWith('.proto'));
  root.loadSync(
    files.map((file) => `${folder}/${file}`),
    { keepCase: true },
  );
  try {
    return root.lookupType(name);
  } catch {
    return undefined;
  }
}

type Rules = Readonly<Record<string, unknown>>;

/** What does not fit, each with its path; an empty list is a configuration that Envoy would load. */
export function faultsIn(config: unknown, name = 'envoy.config.bootstrap.v3.Bootstrap', path = ''): readonly string[] {
  const type = typeOf(name);
  return type === undefined ? [`${path}: no type ${name}`] : inMessage(type, config, path);
}

function inMessage(type: protobuf.Type, value: unknown, path: string): readonly string[] {
  const full = type.fullName.slice(1);
  const wellKnown = wellKnownTypes[full];
  if (wellKnown) return wellKnown(value, path);
  if (!isObject(value)) return [`${path}: ${JSON.stringify(value)} is no ${full}`];
  const given = Object.entries(value).map(([key, one]) => ({ key, one, field: fieldOf(type, key) }));
  const faults = given.flatMap(({ key, one, field }) =>
    field ? inField(field, one, `${path}/${key}`) : [`${path}/${key}: no field of ${full}`],
  );
  return [
    ...faults,
    ...inOneofs(
      type,
      given.map(({ field }) => field),
      path,
    ),
    ...missing(type, value, path),
  ];
}

/** Fields are known by their own name and by its camel case. */
const fieldOf = (type: protobuf.Type, key: string): protobuf.Field | undefined =>
  type.fieldsArray.find(({ name }) => name === key || protobuf.util.camelCase(name) === key)?.resolve();

function inOneofs(
  type: protobuf.Type,
  given: readonly (protobuf.Field | undefined)[],
  path: string,
): readonly string[] {
  return type.oneofsArray.flatMap((oneof) => {
    const set = given.filter((field) => field?.partOf === oneof).map((field) => field?.name);
    const required = optionsOf(oneof)['(validate.required)'] === true;
    if (set.length > 1) return [`${path}: only one of ${set.join(', ')}`];
    return required && set.length === 0 ? [`${path}: one of ${oneof.oneof.join(', ')} is required`] : [];
  });
}

/** Required messages, and texts that may not be empty. */
function missing(type: protobuf.Type, value: object, path: string): readonly string[] {
  return type.fieldsArray
    .filter((field) => !(field.name in value || protobuf.util.camelCase(field.name) in value) && !field.partOf)
    .filter((field) => {
      const { message, string, repeated } = rulesOf(field);
      return (
        (message as Rules | undefined)?.required === true ||
        Number((string as Rules | undefined)?.min_len ?? 0) > 0 ||
        Number((repeated as Rules | undefined)?.min_items ?? 0) > 0
      );
    })
    .map(({ name }) => `${path}/${name}: is required`);
}

const optionsOf = ({ parsedOptions }: protobuf.ReflectionObject): Rules =>
  Object.assign({}, ...((parsedOptions as unknown as readonly Rules[] | null) ?? []));

const rulesOf = (field: protobuf.Field): Rules => (optionsOf(field)['(validate.rules)'] as Rules | undefined) ?? {};

function inField(field: protobuf.Field, value: unknown, path: string): readonly string[] {
  const rules = rulesOf(field);
  if (optionsOf(field).deprecated === true) return [`${path}: is deprecated`];
  if (field.map) {
    if (!isObject(value)) return [`${path}: is no map`];
    return Object.entries(value).flatMap(([key, one]) => inValue(field, one, `${path}/${key}`, {}));
  }
  if (!field.repeated) return inValue(field, value, path, rules);
  if (!Array.isArray(value)) return [`${path}: is no list`];
  const {
    min_items: least = 0,
    max_items: most = Number.POSITIVE_INFINITY,
    items = {},
  } = (rules.repeated ?? {}) as Rules;
  const count = value.length < Number(least) || value.length > Number(most) ? [`${path}: ${value.length} items`] : [];
  return [...count, ...value.flatMap((one, index) => inValue(field, one, `${path}/${index}`, items as Rules))];
}

function inValue(field: protobuf.Field, value: unknown, path: string, rules: Rules): readonly string[] {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return inEnum(resolvedType, value, path, rules.enum as Rules | undefined);
  if (!resolvedType) return inScalar(field.type, value, path, rules);
  const inside = inMessage(resolvedType, value, path);
  const wrapped = wrappers[resolvedType.fullName.slice(1)];
  if (inside.length > 0) return inside;
  return wrapped ? inScalar(wrapped, value, path, rules) : inDuration(value, path, rules.duration as Rules | undefined);
}

function inEnum(type: protobuf.Enum, value: unknown, path: string, rules: Rules = {}): readonly string[] {
  const number = typeof value === 'number' ? value : type.values[String(value).toUpperCase()];
  const forbidden = [rules.not_in ?? []].flat().map(Number);
  const known = number !== undefined && Object.values(type.values).includes(number) && !forbidden.includes(number);
  return known ? [] : [`${path}: ${JSON.stringify(value)} is no ${type.name}`];
}

const whole = /^u?int|^s?fixed|^sint/;

function inScalar(type: string, value: unknown, path: string, rules: Rules): readonly string[] {
  const wrong = [`${path}: ${JSON.stringify(value)} is no ${type}`];
  const own = (rules[type] ?? {}) as Rules;
  if (type === 'bool') return typeof value === 'boolean' ? [] : wrong;
  if (type === 'string' || type === 'bytes') {
    if (typeof value !== 'string') return wrong;
    const { min_len: least = 0, in: allowed } = own;
    const known = allowed === undefined || [allowed].flat().includes(value);
    return value.length >= Number(least) && known ? [] : [`${path}: ${JSON.stringify(value)} is not allowed`];
  }
  if (typeof value !== 'number' || (whole.test(type) && !Number.isInteger(value))) return wrong;
  if (type.startsWith('u') && (value < 0 || value > 2 ** 64 || (type === 'uint32' && value >= 2 ** 32))) return wrong;
  return inRange(value, path, own);
}

const bounds: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
};

const inRange = (
  value: number,
  path: string,
  rules: Rules,
  bound: (value: unknown) => number = Number,
): readonly string[] =>
  Object.entries(bounds)
    .filter(([name, holds]) => rules[name] !== undefined && !holds(value, bound(rules[name])))
    .map(([name]) => `${path}: ${value} must be ${name} ${bound(rules[name])}`);

function inDuration(value: unknown, path: string, rules: Rules | undefined): readonly string[] {
  if (rules === undefined) return [];
  const seconds = (bound: unknown): number => {
    const { seconds: s = 0, nanos = 0 } = bound as Rules;
    return Number(s) + Number(nanos) / 1e9;
  };
  return inRange(Number.parseFloat(String(value)), path, rules, seconds);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrappers: Readonly<Record<string, string>> = Object.fromEntries(
  ['Bool', 'String', 'Bytes', 'UInt32', 'UInt64', 'Int32', 'Int64', 'Float', 'Double'].map((name) => [
    `google.protobuf.${name}Value`,
    name.toLowerCase(),
  ]),
);

/** Messages with a JSON form of their own. */
const wellKnownTypes: Readonly<Record<string, (value: unknown, path: string) => readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(wrappers).map(([name, type]) => [name, (value, path) => inScalar(type, value, path, {})]),
  ),
  'google.protobuf.Duration': (value, path) =>
    typeof value === 'string' && /^-?\d+(\.\d{1,9})?s$/.test(value)
      ? []
      : [`${path}: ${JSON.stringify(value)} is no duration`],
  'google.protobuf.Struct': (value, path) => (isObject(value) ? [] : [`${path}: is no object`]),
  'google.protobuf.Any': (value, path) => {
    const { '@type': url, ...config } = isObject(value) ? value : {};
    const [prefix, name] = String(url).split('/');
    if (prefix !== 'type.googleapis.com' || name === undefined) return [`${path}: no "@type"`];
    return faultsIn(config, name, path);
  },
};
