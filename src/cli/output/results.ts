import type { StatementResult } from '../../influx/v1/results.ts';
import { table } from './table.ts';

export type ResultFormat = 'column' | 'csv' | 'json';

/** What a statement answered, for people (`column`) or programs. An error is not among the lines. */
export function resultLines({ series }: StatementResult, format: ResultFormat): string[] {
  if (format === 'json') return [JSON.stringify(series)];
  return series.flatMap(({ name, tags, columns, values }, index) => {
    if (format === 'csv') {
      const rows = values.map((row) => [name ?? '', ...row.map(cell)].map(quoted).join(','));
      return [['name', ...columns].map(quoted).join(','), ...rows];
    }
    const about = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
    return [
      ...(index > 0 ? [''] : []),
      ...(name === undefined ? [] : [`name: ${name}`]),
      ...(about.length === 0 ? [] : [`tags: ${about.join(', ')}`]),
      ...table(
        columns,
        values.map((row) => row.map((value) => cell(value) || '-')),
      ),
    ];
  });
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
