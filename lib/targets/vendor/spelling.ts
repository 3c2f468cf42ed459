/** Single letters to change, add or leave out to make one word of the other (Levenshtein). */
export function typingErrors(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...a].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...b].entries()) {
      const [above = 0, diagonal = 0, left = 0] = [row[column + 1], row[column], next[column]];
      next.push(Math.min(above + 1, left + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The name that was probably meant: one that goes on where the written one stops, or the nearest, if two thirds are right. */
export function meant(written: string, names: readonly string[]): string | undefined {
  const [longer] = names.filter((name) => name.startsWith(`${written}.`));
  if (longer !== undefined) return longer;
  const [nearest] = names
    .map((name) => ({ name, errors: typingErrors(written, name) }))
    .toSorted((a, b) => a.errors - b.errors);
  return nearest !== undefined && nearest.errors * 3 <= nearest.name.length ? nearest.name : undefined;
}
