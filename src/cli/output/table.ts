/** Columns as kubectl prints them: three spaces apart, an empty cell as `<none>`. Lines without trailing spaces. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): string[] {
  const cells = [header, ...rows.map((row) => row.map((cell) => cell || '<none>'))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd(),
  );
}

/** `name   value` lines; what has no value is left out. */
export function properties(
  entries: readonly (readonly [name: string, value: string | undefined])[],
): string[] {
  const known = entries.filter((entry): entry is readonly [string, string] => Boolean(entry[1]));
  const width = Math.max(0, ...known.map(([name]) => name.length)) + 3;
  return known.map(([name, value]) => `${name.padEnd(width)}${value}`);
}
