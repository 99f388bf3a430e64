import { InfluxError } from '../influx-error.ts';

export interface Series {
  /** Measurement, or for SHOW statements what the engine puts there. */
  name: string | undefined;
  tags: Record<string, string>;
  columns: readonly string[];
  values: readonly (readonly unknown[])[];
}

export interface StatementResult {
  series: readonly Series[];
  error?: InfluxError;
}

/**
 * The results of `count` statements from the body of a query's answer. The engine answers 200 also when
 * statements failed: the errors are inside. A statement it says nothing about was not executed.
 */
export function parseResults(
  body: string,
  count: number,
  clean: (message: string) => string,
): StatementResult[] {
  const parsed = json(body);
  if (typeof parsed['error'] === 'string') throw new InfluxError('Refused', clean(parsed['error']));
  const given = Array.isArray(parsed['results']) ? parsed['results'].filter(isRecord) : undefined;
  if (!given) throw new InfluxError('Protocol', 'the answer to a query has no results');

  const results: StatementResult[] = Array.from({ length: count }, () => ({
    series: [],
    error: refused('not executed'),
  }));
  for (const [index, result] of given.entries()) {
    const id = typeof result['statement_id'] === 'number' ? result['statement_id'] : index;
    if (id >= count) throw new InfluxError('Protocol', `a result for statement ${id} of ${count}`);
    const series = Array.isArray(result['series']) ? result['series'].filter(isRecord).map(seriesOf) : [];
    const error = result['error'];
    results[id] = typeof error === 'string' ? { series, error: refused(clean(error)) } : { series };
  }
  return results;
}

/** Rows of all series as objects by column name; a SHOW statement's natural form. */
export function rows(result: StatementResult): Record<string, unknown>[] {
  return result.series.flatMap((series) =>
    series.values.map((row) => Object.fromEntries(series.columns.map((column, i) => [column, row[i]]))),
  );
}

function refused(message: string): InfluxError {
  return new InfluxError('Refused', message, { status: 200 });
}

function seriesOf(raw: Record<string, unknown>): Series {
  return {
    name: typeof raw['name'] === 'string' ? raw['name'] : undefined,
    tags: isRecord(raw['tags']) ? stringsOf(raw['tags']) : {},
    columns: Array.isArray(raw['columns']) ? raw['columns'].filter((c) => typeof c === 'string') : [],
    values: Array.isArray(raw['values']) ? raw['values'].filter((row) => Array.isArray(row)) : [],
  };
}

function stringsOf(raw: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function json(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed)) return parsed;
  } catch {
    // the next line says it
  }
  throw new InfluxError('Protocol', 'the answer to a query is no JSON object');
}
