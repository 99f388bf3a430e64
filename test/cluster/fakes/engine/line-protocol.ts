import type { Database, FieldType, FieldValue, Policy, StoredMeasurement } from './state.ts';

export interface Point {
  measurement: string;
  tags: Record<string, string>;
  fields: Map<string, { type: FieldType; value: FieldValue }>;
  /** Nanoseconds since the epoch. */
  time: bigint;
}

const precisions: Record<string, bigint> = {
  n: 1n,
  ns: 1n,
  u: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** The points that could be read, and for each other line the server's words about it. */
export function parseLines(
  body: string,
  precision: string,
  now: bigint,
): { points: Point[]; errors: string[] } {
  const points: Point[] = [];
  const errors: string[] = [];
  for (const line of body.split('\n').map((text) => text.replace(/\r$/, ''))) {
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    const parsed = parseLine(line, precisions[precision] ?? 1n, now);
    if (typeof parsed === 'string') {
      errors.push(`unable to parse '${line}': ${parsed}`);
    } else {
      points.push(parsed);
    }
  }
  return { points, errors };
}

function parseLine(line: string, unit: bigint, now: bigint): Point | string {
  const [key = '', fieldText, timeText, ...rest] = splitOutside(line, ' ', true);
  const [measurement = '', ...tagTexts] = splitOutside(key, ',', false);
  if (measurement === '') {
    return 'missing measurement';
  }
  const tags: Record<string, string> = {};
  for (const text of tagTexts) {
    const [name = '', value = ''] = splitOutside(text, '=', false);
    if (name === '' || value === '') {
      return name === '' ? 'missing tag key' : 'missing tag value';
    }
    tags[unescape(name)] = unescape(value);
  }
  if (!fieldText) {
    return 'missing fields';
  }
  const fields: Point['fields'] = new Map();
  for (const text of splitOutside(fieldText, ',', true)) {
    const [name = '', value, extra] = splitOutside(text, '=', true);
    if (value === undefined || extra !== undefined) {
      return 'invalid field format';
    }
    if (name === '' || value === '') {
      return name === '' ? 'missing field key' : 'missing field value';
    }
    const parsed = parseValue(value);
    if (typeof parsed === 'string') {
      return parsed;
    }
    fields.set(unescape(name), parsed);
  }
  if (rest.length > 0 || (timeText && !/^-?[0-9]+$/.test(timeText))) {
    return 'bad timestamp';
  }
  return { measurement: unescape(measurement), tags, fields, time: timeText ? BigInt(timeText) * unit : now };
}

function parseValue(text: string): { type: FieldType; value: FieldValue } | string {
  if (text.startsWith('"')) {
    const whole = text.length > 1 && text.endsWith('"') && !text.endsWith('\\"');
    return whole
      ? { type: 'string', value: text.slice(1, -1).replace(/\\(["\\])/g, '$1') }
      : 'unbalanced quotes';
  }
  if (/^(t|T|true|True|TRUE|f|F|false|False|FALSE)$/.test(text)) {
    return { type: 'boolean', value: /^[tT]/.test(text) };
  }
  if (/^-?[0-9]+i$/.test(text)) {
    return { type: 'integer', value: Number(text.slice(0, -1)) };
  }
  if (/^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) {
    return { type: 'float', value: Number(text) };
  }
  return /^[-+.0-9]/.test(text) ? 'invalid number' : 'invalid boolean';
}

/** Splits at a separator that is neither escaped nor, where strings can stand, inside one. */
function splitOutside(text: string, separator: string, strings: boolean): string[] {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && at + 1 < text.length) {
      parts[parts.length - 1] += char + text.charAt(++at);
    } else if (char === separator && !quoted) {
      parts.push('');
    } else {
      quoted =
        strings && char === '"' && (quoted || parts.at(-1)?.endsWith('=') || separator === '=')
          ? !quoted
          : quoted;
      parts[parts.length - 1] += char;
    }
  }
  return parts;
}

const unescape = (text: string): string => text.replace(/\\([,= ])/g, '$1');

/** Stores the points; the answer is the reason for those that had to be dropped, as the server words it. */
export function store(
  database: Database,
  policy: Policy,
  points: Point[],
): { dropped: number; reason: string } {
  const measurements: Map<string, StoredMeasurement> = database.data.get(policy.name) ?? new Map();
  database.data.set(policy.name, measurements);
  let dropped = 0;
  let reason = '';
  for (const { measurement, tags, fields, time } of points) {
    const stored = measurements.get(measurement) ?? { types: new Map(), series: new Map() };
    // A field has one type within a shard only.
    const typeKey = (name: string): string => `${time / policy.shardDuration}/${name}`;
    const conflict = [...fields].find(
      ([name, { type }]) => (stored.types.get(typeKey(name)) ?? type) !== type,
    );
    if (conflict) {
      const [name, { type }] = conflict;
      reason = `field type conflict: input field "${name}" on measurement "${measurement}" is type ${type}, already exists as type ${stored.types.get(typeKey(name))}`;
      dropped++;
      continue;
    }
    measurements.set(measurement, stored);
    const key = JSON.stringify(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const series = stored.series.get(key) ?? { tags, points: new Map() };
    stored.series.set(key, series);
    const point = series.points.get(time) ?? new Map();
    series.points.set(time, point);
    for (const [name, { type, value }] of fields) {
      stored.types.set(typeKey(name), type);
      point.set(name, value);
    }
  }
  return { dropped, reason };
}
