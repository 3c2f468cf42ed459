import type { z } from 'zod';
import type { Fault } from '../policy/index.ts';

type Issue = z.core.$ZodIssue;

/** One fault per wrong key or value, in the kit's own words: path, value, what would be accepted. */
export function sectionFaults(error: z.ZodError): readonly Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(pathOf([...issue.path, key])));
    const path = pathOf(issue.path);
    return [
      {
        rule: 'config',
        fields: [path],
        message: `${path} (${JSON.stringify(issue.input)}) must be ${accepted(issue)}`,
      },
    ];
  });
}

function unknownKey(path: string): Fault {
  return {
    rule: 'config',
    fields: [path],
    message: `${path} is not a known key; remove it, or see sse-kit.schema.json for the ones there are`,
  };
}

/** What would be accepted, by kind of complaint. */
function accepted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `of type ${issue.expected}`;
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    default:
      return issue.message;
  }
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'the configuration' : path.map(String).join('.');
