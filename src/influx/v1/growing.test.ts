import { describe, expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { findGrowing } from './growing.ts';
import type { InfluxTransport } from '../transport.ts';

/** Answers by the beginning of the statement; what is not listed fails. */
function answering(answers: Readonly<Record<string, object[]>>): { client: InfluxClient; asked: string[] } {
  const asked: string[] = [];
  const transport: InfluxTransport = {
    send: ({ body = '' }) => {
      const statement = new URLSearchParams(body).get('q') ?? '';
      asked.push(statement);
      const found = Object.entries(answers).find(([key]) => statement.includes(key));
      const result = found === undefined ? { error: 'timeout' } : { series: found[1] };
      const text = JSON.stringify({ results: [{ statement_id: 0, ...result }] });
      return Promise.resolve({ status: 200, headers: { 'x-influxdb-version': '1.8.10' }, body: text });
    },
    close: () => Promise.resolve(),
  };
  return { client: new InfluxClient(transport, { host: '10.0.0.1', port: 8086 }), asked };
}

const count = (name: string, value: number) => ({ name, columns: ['count'], values: [[value]] });
const estimate = (value: number) => ({ columns: ['cardinality estimation'], values: [[value]] });
const keys = (names: string[]) => ({ name: 'm', columns: ['tagKey'], values: names.map((name) => [name]) });

const SERIES = { 'MEASUREMENT CARD': [estimate(2)], 'SERIES EXACT': [count('cpu', 5), count('m', 900)] };

describe('findGrowing', () => {
  it('looks at the tags of the largest measurement only, and at no more than sixteen', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `tag${n}`);
    const { client, asked } = answering({
      ...SERIES,
      'TAG KEYS': [keys(names)],
      'KEY = "tag7"': [count('m', 800)],
      'TAG VALUES': [count('m', 3)],
    });
    expect(await findGrowing(client, 'db')).toEqual({ what: 'Tag', measurement: 'm', tag: 'tag7' });
    expect(asked).toHaveLength(3 + 16);
    expect(asked.slice(2).every((statement) => statement.includes('FROM "m"'))).toBe(true);
  });

  it('keeps what it knows when a tag takes too long', async () => {
    const known = { ...SERIES, 'TAG KEYS': [keys(['a', 'b', 'c'])], 'KEY = "a"': [count('m', 3)] };
    const { client, asked } = answering(known);
    expect(await findGrowing(client, 'db')).toMatchObject({ tag: 'a' });
    expect(asked).toHaveLength(5);
  });

  it('asks no more of a database with thousands of measurements', async () => {
    const { client, asked } = answering({ 'MEASUREMENT CARD': [estimate(2_001)] });
    expect(await findGrowing(client, 'db')).toEqual({ what: 'Measurements' });
    expect(asked).toHaveLength(1);
  });

  it('fails when the series cannot be counted', async () => {
    const { client } = answering({ 'MEASUREMENT CARD': [estimate(2)] });
    await expect(findGrowing(client, 'db')).rejects.toThrow('timeout');
  });
});
