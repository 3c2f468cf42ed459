import { k8s } from 'cdk8s-plus-28';

/**
 * Paths in a manifest that the Kubernetes API (1.28) does not know: a misspelt field is dropped by lenient servers and
 * refused by strict ones. The fields are read off the generated renderers of cdk8s-plus-28, one per type of the API,
 * whose lines are of the form `'containers': obj.containers?.map(y => toJson_Container(y)),`.
 */
export function unknownFields(manifest: { readonly kind: string }): readonly string[] {
  const { apiVersion: _, kind, ...body } = manifest as { apiVersion?: string; kind: string };
  return strays(body, `Kube${kind}Props`, kind);
}

function strays(value: unknown, type: string, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => strays(item, type, path));
  if (typeof value !== 'object' || value === null) return [];
  const fields = fieldsOf(type);
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = `${path}.${key}`;
    const innerType = fields.get(key);
    if (!fields.has(key)) return [field];
    return innerType ? strays(inner, innerType, field) : [];
  });
}

/** Field → its type; `undefined` for plain values and free-form maps. */
function fieldsOf(type: string): ReadonlyMap<string, string | undefined> {
  const renderer: unknown = Reflect.get(k8s, `toJson_${type}`);
  if (typeof renderer !== 'function') throw new Error(`cdk8s-plus-28 renders no ${type}`);
  const lines = String(renderer).matchAll(/^\s*'(?<field>[^']+)': (?<rendering>.*),$/gm);
  return new Map([...lines].map(([, field = '', rendering = '']) => [field, /toJson_(\w+)\(/.exec(rendering)?.[1]]));
}
