/** A Kubernetes object, as far as reading looks into all of them. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The first manifest of a kind. */
export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest | undefined =>
  manifests.find((manifest) => manifest.kind === kind);

/** What stands at a path, names of fields and indices of lists; `undefined` where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    value,
  );
}

/** An annotation's value, with its key in front, as an error should quote it. */
export function annotation(
  manifest: Manifest | undefined,
  key: string,
): { value: string | undefined; setting: string } {
  const value = manifest?.metadata.annotations?.[key];
  return { value, setting: `${key}: ${value === undefined ? '(not set)' : JSON.stringify(value)}` };
}

/** Seconds in a duration as Gateway API writes it: `1h30m`, `60s`, `500ms` (GEP-2257); `undefined` for anything else. */
export function durationSeconds(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^(\d{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined;
  const seconds = { h: 3600, m: 60, s: 1, ms: 0.001 } as const;
  return [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * seconds[unit as keyof typeof seconds],
    0,
  );
}

/** The same the other way: whole seconds as the Gateway API takes them, five digits at most before a unit. */
export const duration = (seconds: number): string =>
  seconds <= 99_999 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
