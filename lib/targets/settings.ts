import type { StreamPolicy } from '../policy/index.ts';

/** One line of a vendor's configuration, with the reason that stands beside it wherever it is shown. */
export interface Setting {
  readonly key: string;
  readonly value: string | number | boolean;
  readonly why: string;
  /** The policy fields the value comes from. */
  readonly from: readonly (keyof StreamPolicy)[];
}

/** Settings by the place they belong to, in reading order. */
export type SettingGroups<Group extends string = string> = Readonly<Record<Group, readonly Setting[]>>;

export const setting = (
  key: string,
  value: Setting['value'],
  why: string,
  from: readonly (keyof StreamPolicy)[] = [],
): Setting => ({ key, value, why, from });

export type Values = Readonly<Record<string, Setting['value']>>;

/** The bare values, as an API or a manifest takes them. */
export function valuesOf(settings: readonly Setting[]): Values {
  return Object.fromEntries(settings.map(({ key, value }) => [key, value]));
}

/** A value that must be a number of seconds, bytes or the like; the vendor's default where it is not set. */
export function numberFrom(values: Values, key: string, vendorDefault: number): number {
  const value = values[key];
  return value === undefined ? vendorDefault : Number(value);
}

/** The settings as YAML that teaches: a comment with reason and origin above each line. */
export function settingsFile(title: string, groups: SettingGroups): string {
  const body = Object.entries(groups).flatMap(([group, settings]) => [
    '',
    `${group}:`,
    ...settings.flatMap(({ key, value, why, from }) => [
      `  # ${why}${from.length > 0 ? ` (${from.join(', ')})` : ''}`,
      `  ${key}: ${JSON.stringify(value)}`,
    ]),
  ]);
  return `${[`# ${title}`, '# Rendered from the stream policy by `sse-kit render`; change the policy, not this file.', ...body].join('\n')}\n`;
}
