import { describe, expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { readActivity, readFigures } from './figures.ts';
import type { InfluxRequest, InfluxTransport } from '../transport.ts';

const shard = (database: string, id: number, diskBytes: unknown) => ({
  [`shard:/var/lib/influxdb/data/${database}/autogen/${id}:${id}`]: {
    name: 'shard',
    tags: { database, engine: 'tsm1', id: String(id), retentionPolicy: 'autogen' },
    values: { diskBytes, fieldsCreate: 1, seriesCreate: 4, writePointsOk: 10 * id },
  },
});

function answering(status: number, body: string): { client: InfluxClient; requests: InfluxRequest[] } {
  const requests: InfluxRequest[] = [];
  const transport: InfluxTransport = {
    send: (request) => {
      requests.push(request);
      return Promise.resolve({ status, headers: { 'x-influxdb-version': '1.8.10' }, body });
    },
    close: () => Promise.resolve(),
  };
  const endpoint = { host: '10.0.0.1', port: 8086 };
  const client = new InfluxClient(transport, endpoint, { username: 'admin', password: 'a-secret-word' });
  return { client, requests };
}

describe('the figures of a database', () => {
  it('are those of its shards, and of no others', async () => {
    const vars = {
      cmdline: ['influxd'],
      memstats: { Alloc: 1, HeapInuse: 9_000_000 },
      httpd: { name: 'httpd', tags: { bind: ':8086' }, values: { req: 3 } },
      runtime: { name: 'runtime', tags: null, values: { Alloc: 7 } },
      'database:my_app_3707': {
        name: 'database',
        tags: { database: 'my_app_3707' },
        values: { numMeasurements: 1, numSeries: 1000 },
      },
      queryExecutor: { name: 'queryExecutor', tags: null, values: { queriesExecuted: 5 } },
      'database:other': { name: 'database', tags: { database: 'other' }, values: { numSeries: 7 } },
      'tsm1_wal:1': { name: 'tsm1_wal', tags: { database: 'my_app_3707' }, values: { writeErr: 3 } },
      'tsm1_engine:1': { name: 'tsm1_engine', tags: { database: 'my_app_3707' }, values: { diskBytes: 5 } },
      ...shard('my_app_3707', 1, 8_157_998),
      ...shard('my_app_3707', 2, 100),
      ...shard('other', 3, 4_096),
    };
    const { client, requests } = answering(200, JSON.stringify(vars));
    expect(await readFigures(client, 'my_app_3707')).toEqual({
      series: 1000,
      shards: 2,
      dataBytes: 8_158_098,
      heapBytes: 9_000_000,
      logErrors: 3,
    });
    expect(await readActivity(client, 'my_app_3707')).toMatchObject({
      pointsWritten: 30,
      queries: 5,
      shards: 2,
    });
    expect(await readFigures(client, 'empty')).toMatchObject({
      series: 0,
      shards: 0,
      dataBytes: 0,
      logErrors: 0,
    });
    expect(requests[0]).toMatchObject({
      method: 'GET',
      path: '/debug/vars',
      auth: { username: 'admin', password: 'a-secret-word' },
    });
  });

  it.each([
    { what: 'who is no administrator', status: 401, body: '{"error":"a-secret-word"}', kind: 'Unauthorized' },
    { what: 'whom a proxy answers', status: 200, body: '<html>', kind: 'Protocol' },
    {
      what: 'who is told nothing of a shard',
      status: 200,
      body: JSON.stringify(shard('a', 1, 'x')),
      kind: 'Protocol',
    },
  ])('are not known to one $what', async ({ status, body, kind }) => {
    const { client } = answering(status, body);
    const failure: unknown = await readFigures(client, 'a').catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'InfluxError', kind });
    expect(String(failure)).not.toContain('a-secret-word');
  });
});
