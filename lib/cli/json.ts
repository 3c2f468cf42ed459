/** JSON for scripts. It has no word for infinity, and `null` would read as unknown: no limit is called "unlimited". */
export function json(data: unknown): string {
  const text = JSON.stringify(data, (_, value) => (value === Number.POSITIVE_INFINITY ? 'unlimited' : value), 2);
  return `${text}\n`;
}
