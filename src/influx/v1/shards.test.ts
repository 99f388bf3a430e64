import { expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { listShards, readShards } from './shards.ts';
import { engineAnswer, ScriptedTransport } from '../testing/scripted-transport.ts';

it('a shard of which the engine tells no size is not taken for empty, one that it does not have yet is', async () => {
  const columns = ['id', 'database', 'retention_policy', 'start_time', 'end_time'];
  const values = [1, 2, 3, 4].map((id) => [id, 'db', 'week', '2030-05-27T00:00:00Z', '2030-05-28T00:00:00Z']);
  const module = (id: number, diskBytes?: number) => ({
    name: 'shard',
    tags: { id: String(id), database: 'db' },
    values: { diskBytes },
  });
  const transport = new ScriptedTransport(({ path }) =>
    path === '/debug/vars'
      ? engineAnswer(200, { 'shard:1': module(1, 512), 'shard:2': module(2, 0), 'shard:3': module(3) })
      : engineAnswer(200, { results: [{ statement_id: 0, series: [{ name: 'db', columns, values }] }] }),
  );
  const client = new InfluxClient(transport, { host: '10.1.0.9', port: 8086 });
  const shards = await readShards(client, 'db');
  expect(shards.map(({ bytes }) => bytes)).toEqual([512, 0, undefined, 0]);
  expect((await listShards(client, 'db')).map(({ isOpen }) => isOpen)).toEqual([true, true, true, false]);
});
