import { expect, it } from 'vitest';
import { InfluxClient } from './client.ts';
import { probeWrite } from './probe-write.ts';
import { engineAnswer, ScriptedTransport } from '../testing/scripted-transport.ts';
import type { InfluxResponse } from '../transport.ts';

const written = { results: [{ series: [{ columns: ['time', 'last'], values: [[0, 1]] }] }] };

function clientWith(answers: { write?: InfluxResponse; select?: InfluxResponse; drop?: InfluxResponse }): {
  client: InfluxClient;
  transport: ScriptedTransport;
} {
  const transport = new ScriptedTransport((request) => {
    if (request.path === '/write') return answers.write ?? engineAnswer(204);
    if (request.body?.includes('SELECT')) return answers.select ?? engineAnswer(200, written);
    return answers.drop ?? engineAnswer(200, { results: [{}] });
  });
  return { client: new InfluxClient(transport, { host: 'x', port: 1 }), transport };
}

it('writes one point, reads it and drops it, all in the one documented measurement', async () => {
  const { client, transport } = clientWith({});
  await probeWrite(client, 'my_app_1');
  const bodies = transport.requests.map(({ body }) => decodeURIComponent(body?.replaceAll('+', ' ') ?? ''));
  expect(bodies).toEqual([
    'influxaddon_probe value=1i',
    'q=SELECT last("value") FROM "influxaddon_probe"&db=my_app_1',
    'q=DROP SERIES FROM "influxaddon_probe"&db=my_app_1',
  ]);
});

it.each<[Parameters<typeof clientWith>[0], string, string]>([
  [{ write: engineAnswer(401, { error: 'authorization failed' }) }, 'Unauthorized', 'user or password'],
  [{ write: engineAnswer(403, { error: '"x" user is not authorized' }) }, 'Forbidden', 'lacks its grant'],
  [
    { write: engineAnswer(500, { error: 'retention policy not found: autogen' }) },
    'Refused',
    'default retention policy of the database was dropped',
  ],
  [{ write: engineAnswer(404, { error: 'database not found: "x"' }) }, 'Refused', 'does not exist'],
  [{ write: engineAnswer(500, { error: 'write x: no space left on device' }) }, 'Refused', 'volume is full'],
  [{ select: engineAnswer(200, { results: [{}] }) }, 'Refused', 'is not there'],
  [
    { drop: engineAnswer(200, { results: [{ error: 'engine is closed' }] }) },
    'Refused',
    'probe drop: engine is closed',
  ],
])('explains %j', async (answers, kind, words) => {
  const failed = probeWrite(clientWith(answers).client, 'x');
  await expect(failed).rejects.toMatchObject({ kind, message: expect.stringContaining(words) });
});
