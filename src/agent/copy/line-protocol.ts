/** The types of fields that a server of 1.x tells. */
export type FieldType = 'float' | 'integer' | 'string' | 'boolean';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
}

/**
 * One point as a line: its values in the order of the fields, numbers as the text they were read as, null where there is
 * none, the time in nanoseconds. Undefined when it has no value at all.
 * @throws RangeError when a name cannot be said in line protocol
 */
export function lineOf(
  series: string,
  fields: readonly Field[],
  time: unknown,
  values: readonly unknown[],
): string | undefined {
  const said: string[] = [];
  for (const [at, { name, type }] of fields.entries()) {
    const value = values[at];
    if (value === null || value === undefined) continue;
    said.push(`${escaped(name, /[,= ]/g)}=${valueOf(type, value)}`);
  }
  return said.length === 0 ? undefined : `${series} ${said.join(',')} ${String(time)}`;
}

/** Measurement and tags, as a line begins with them. A tag that a series does not have is told as an empty one. */
export function seriesKey(measurement: string, tags: Readonly<Record<string, string>>): string {
  const parts = [escaped(measurement, /[, ]/g)];
  for (const [name, value] of Object.entries(tags))
    if (value !== '') parts.push(`${escaped(name, /[,= ]/g)}=${escaped(value, /[,= ]/g)}`);
  return parts.join(',');
}

function valueOf(type: FieldType, value: unknown): string {
  switch (type) {
    case 'integer':
      return `${String(value)}i`;
    case 'string':
      return `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`;
    case 'float':
    case 'boolean':
      return String(value);
  }
}

/** A line feed would begin another line, and a backslash at the end would swallow what follows. */
function escaped(name: string, special: RegExp): string {
  if (/\n|\\$/.test(name)) throw new RangeError('a name with a line feed, or a backslash at its end');
  return name.replaceAll(special, '\\$&');
}
