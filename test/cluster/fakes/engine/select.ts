import { lowerBound, matches } from './condition.ts';
import { ParseError } from './token-reader.ts';
import { databaseOf, type EngineState, type FieldValue, measurementsOf, StatementError } from './state.ts';
import type { Expression, Measurement, Select } from './statement.ts';

export interface Series {
  name?: string;
  tags?: Record<string, string>;
  columns: string[];
  values?: unknown[][];
}

/** A cell that is a time in nanoseconds; how it is written depends on the request's `epoch`. */
export class Time {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

interface Row {
  time: bigint;
  cells: Map<string, FieldValue>;
  tags: Record<string, string>;
}

const reductions: Record<
  string,
  (rows: { time: bigint; value: FieldValue }[]) => { time?: bigint; value: FieldValue }
> = {
  count: (rows) => ({ value: rows.length }),
  sum: (rows) => ({ value: rows.reduce((total, { value }) => total + Number(value), 0) }),
  mean: (rows) => ({ value: rows.reduce((total, { value }) => total + Number(value), 0) / rows.length }),
  first: (rows) => rows[0] ?? { value: 0 },
  last: (rows) => rows.at(-1) ?? { value: 0 },
  min: (rows) => rows.reduce((best, row) => (row.value < best.value ? row : best)),
  max: (rows) => rows.reduce((best, row) => (row.value > best.value ? row : best)),
};
const selectors = new Set(['first', 'last', 'min', 'max']);

/**
 * SELECT over one database: plain columns, or the reductions above, with conditions on time, tags and fields and
 * grouping by tags. Anything more is reported as unknown rather than answered wrongly.
 */
export function runSelect(
  state: EngineState,
  select: Select,
  database: string,
  policy: string,
  now: bigint,
): Series[] {
  if (
    select.into ||
    select.fill ||
    select.groupBy.some(({ type }) => type !== 'reference' && type !== 'star')
  ) {
    throw unknown();
  }
  const found = select.from.flatMap((source) => sourceRows(state, source, database, policy));
  const byName = Map.groupBy(found, ({ name }) => name);
  return [...byName.keys()].toSorted().flatMap((name) => {
    const rows = (byName.get(name) ?? []).flatMap(({ rows: own }) => own);
    const fields = new Set(rows.flatMap(({ cells }) => [...cells.keys()]));
    const kept = rows.filter((row) => !select.where || matches(select.where, row, now)).toSorted(byTime);
    return group(kept, select).flatMap(({ tags, rows: own }) => {
      const series = project(select, own, [...fields].toSorted(), now);
      return series ? [{ name, ...(tags && { tags }), ...series }] : [];
    });
  });
}

const byTime = (a: Row, b: Row): number => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
const unknown = (): ParseError => new ParseError('the fake engine cannot run this SELECT', true);

/** The database and the retention policy a measurement means, both of which have to be there. */
export function resolve(
  state: EngineState,
  source: Measurement,
  database: string,
  policy: string,
): { database: string; policy: string } {
  const name = source.database ?? database;
  if (name === '') {
    throw new StatementError('database name required');
  }
  return { database: name, policy: source.policy ?? (policy || databaseOf(state, name).defaultPolicy) };
}

function sourceRows(
  state: EngineState,
  source: Measurement,
  database: string,
  policy: string,
): { name: string; rows: Row[] }[] {
  const target = resolve(state, source, database, policy);
  if (!databaseOf(state, target.database).policies.some(({ name }) => name === target.policy)) {
    throw new StatementError(`retention policy not found: ${target.policy}`);
  }
  const pattern = source.pattern === undefined ? undefined : new RegExp(source.pattern);
  return [...measurementsOf(databaseOf(state, target.database), undefined, target.policy)]
    .filter(([name]) => (pattern ? pattern.test(name) : name === source.name))
    .map(([name, { series }]) => ({
      name,
      rows: oneTypePerField(
        [...series.values()].flatMap(({ tags, points }) =>
          [...points].map(([time, cells]) => ({ time, cells, tags })),
        ),
      ),
    }));
}

/** Where shards disagree about a field's type the server reads numbers before strings before booleans, and no others. */
function oneTypePerField(rows: Row[]): Row[] {
  const chosen = new Map<string, string>();
  for (const [name, value] of rows.flatMap(({ cells }) => [...cells])) {
    const type = typeof value;
    const before = chosen.get(name);
    chosen.set(
      name,
      before === undefined || type === 'number' || (type === 'string' && before === 'boolean')
        ? type
        : before,
    );
  }
  return rows.map((row) => ({
    ...row,
    cells: new Map([...row.cells].filter(([name, value]) => typeof value === chosen.get(name))),
  }));
}

function group(rows: Row[], select: Select): { tags?: Record<string, string>; rows: Row[] }[] {
  if (select.groupBy.length === 0) {
    return [{ rows }];
  }
  const names = select.groupBy
    .flatMap((term) =>
      term.type === 'reference' ? [term.name] : rows.flatMap(({ tags }) => Object.keys(tags)),
    )
    .toSorted();
  const tagsOf = (row: Row): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, row.tags[name] ?? '']));
  const groups = Map.groupBy(rows, (row) => JSON.stringify(tagsOf(row)));
  return [...groups.keys()]
    .toSorted()
    .map((key) => ({ tags: JSON.parse(key) as Record<string, string>, rows: groups.get(key) ?? [] }));
}

function project(
  select: Select,
  rows: Row[],
  fields: string[],
  now: bigint,
): { columns: string[]; values: unknown[][] } | undefined {
  const calls = select.fields.filter(({ expression }) => expression.type === 'call').length;
  if (calls > 0 && calls < select.fields.length) {
    throw new StatementError('mixing aggregate and non-aggregate queries is not supported');
  }
  const page = (values: unknown[][]): unknown[][] => {
    const ordered = select.descending ? values.toReversed() : values;
    return ordered.slice(
      select.offset ?? 0,
      select.limit === undefined ? undefined : (select.offset ?? 0) + select.limit,
    );
  };
  if (calls > 0) {
    const reduced = select.fields.flatMap(({ expression, alias }) => reduce(expression, alias, rows, fields));
    const only = reduced.length === 1 ? reduced[0] : undefined;
    const time = only?.time ?? lowerBound(select.where, now) ?? 0n;
    return reduced.length > 0
      ? {
          columns: ['time', ...reduced.map(({ column }) => column)],
          values: page([[new Time(time), ...reduced.map(({ value }) => value)]]),
        }
      : undefined;
  }
  const columns = select.fields.flatMap(({ expression, alias }): { name: string; from: string }[] => {
    if (expression.type === 'star') {
      const grouped = new Set(select.groupBy.map((term) => (term.type === 'reference' ? term.name : '')));
      const tags = select.groupBy.some(({ type }) => type === 'star')
        ? []
        : rows.flatMap(({ tags: own }) => Object.keys(own));
      return [...new Set([...fields, ...tags])]
        .toSorted()
        .filter((name) => !grouped.has(name))
        .map((name) => ({ name, from: name }));
    }
    if (expression.type !== 'reference') {
      throw unknown();
    }
    return expression.name === 'time' ? [] : [{ name: alias ?? expression.name, from: expression.name }];
  });
  const visible = rows.filter(({ cells }) => columns.some(({ from }) => cells.has(from)));
  const values = visible.map((row) => [
    new Time(row.time),
    ...columns.map(({ from }) => row.cells.get(from) ?? row.tags[from] ?? null),
  ]);
  return values.length > 0
    ? { columns: ['time', ...columns.map(({ name }) => name)], values: page(values) }
    : undefined;
}

function reduce(
  expression: Expression,
  alias: string | undefined,
  rows: Row[],
  fields: string[],
): { column: string; value: FieldValue; time?: bigint }[] {
  const [argument, ...more] = expression.type === 'call' ? expression.args : [];
  const name = expression.type === 'call' ? expression.name : '';
  const reduction = reductions[name];
  if (!reduction || more.length > 0 || (argument?.type !== 'star' && argument?.type !== 'reference')) {
    throw unknown();
  }
  const columns = argument.type === 'star' ? fields : [argument.name];
  return columns.flatMap((field) => {
    const values = rows.flatMap(({ time, cells }) => {
      const value = cells.get(field);
      return value === undefined ? [] : [{ time, value }];
    });
    if (values.length === 0) {
      return [];
    }
    const { time, value } = reduction(values);
    const column = argument.type === 'star' ? `${alias ?? name}_${field}` : (alias ?? name);
    return [{ column, value, ...(selectors.has(name) && time !== undefined && { time }) }];
  });
}
