import { describe, expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { readDataBytes } from './data-size.ts';
import type { InfluxRequest, InfluxTransport } from './transport.ts';

const shard = (database: string, id: number, diskBytes: unknown) => ({
  [`shard:/var/lib/influxdb/data/${database}/autogen/${id}:${id}`]: {
    name: 'shard',
    tags: { database, engine: 'tsm1', id: String(id), retentionPolicy: 'autogen' },
    values: { diskBytes, fieldsCreate: 1, seriesCreate: 4 },
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

describe('the size of a database', () => {
  it('is the sum of its shards, and of no others', async () => {
    const vars = {
      cmdline: ['influxd'],
      memstats: { Alloc: 1 },
      httpd: { name: 'httpd', tags: { bind: ':8086' }, values: { req: 3 } },
      runtime: { name: 'runtime', tags: null, values: { Alloc: 7 } },
      'tsm1_engine:1': { name: 'tsm1_engine', tags: { database: 'my_app_3707' }, values: { diskBytes: 5 } },
      ...shard('my_app_3707', 1, 8_157_998),
      ...shard('my_app_3707', 2, 100),
      ...shard('other', 3, 4_096),
    };
    const { client, requests } = answering(200, JSON.stringify(vars));
    expect(await readDataBytes(client, 'my_app_3707')).toBe(8_158_098);
    expect(await readDataBytes(client, 'empty')).toBe(0);
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
  ])('is not known to one $what', async ({ status, body, kind }) => {
    const { client } = answering(status, body);
    const failure: unknown = await readDataBytes(client, 'a').catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'InfluxError', kind });
    expect(String(failure)).not.toContain('a-secret-word');
  });
});
