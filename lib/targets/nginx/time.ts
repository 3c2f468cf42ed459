/** nginx.org/en/docs/syntax.html; `M` is a month of 30 days. */
const units: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};

/** nginx time, "1h 30m" and "90" (seconds) included; "unset" is for ever. */
export function seconds(args: readonly string[]): number {
  if (args[0] === 'unset') return Number.POSITIVE_INFINITY;
  return [...args.join(' ').matchAll(/(\d+)(ms|[smhdwMy])?/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? 's'] ?? 1),
    0,
  );
}
