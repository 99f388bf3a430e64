import { onTestFinished, expect, test } from 'vitest';
import { InfluxAddon, InfluxBackup } from '../../api/kinds.ts';
import type { KubeClient } from '../../kube/api/client.ts';
import { Secret } from '../../kube/objects/kinds.ts';
import { streamAddon } from './addon.ts';
import { addonNamed, ECHO, fakeDesk, Sent } from '../testing/desk.ts';
import type { BackupLine, Detail } from '../wire.ts';

function streaming() {
  const desk = fakeDesk();
  const sent = new Sent();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void streamAddon(desk.visitor, { namespace: 'shop', name: 'a' }, ECHO, sent.send, stop.signal);
  return { ...desk, sent };
}

const status = {
  observedGeneration: 1,
  id: 'a_1',
  endpoint: 'http://a-influx.shop.svc.cluster.local:8086',
  urlSecret: 'a-influx',
};

function idOf(data: unknown): string | undefined {
  return (data as Detail | null)?.id;
}

async function made(client: KubeClient): Promise<void> {
  await client.writeStatus(InfluxAddon, await client.create(InfluxAddon, addonNamed('a')), status);
}

test('an addon that is not there is said to be none, and shown when it is made', async () => {
  const { client, sent } = streaming();
  expect(await sent.until(({ name }) => name === 'addon')).toBeNull();
  await made(client);
  const detail = (await sent.until(({ name, data }) => name === 'addon' && idOf(data) === 'a_1')) as Detail;
  expect(detail).toMatchObject({ name: 'a', id: 'a_1', plan: '1g', stopped: false, users: [] });
  expect(await sent.until(({ name }) => name === 'story')).toEqual(['a: a story']);
});

test('a section comes again only when something in it has changed', async () => {
  const { client, sent } = streaming();
  await made(client);
  await sent.until(({ name }) => name === 'backups');
  const spec = { addonRef: { name: 'a' } };
  await client.create(InfluxBackup, { metadata: { namespace: 'shop', name: 'first' }, spec });
  await client.create(InfluxBackup, {
    metadata: { namespace: 'shop', name: 'of-another' },
    spec: { addonRef: { name: 'b' } },
  });
  const lines = (await sent.until(
    ({ name, data }) => name === 'backups' && (data as BackupLine[]).length > 0,
  )) as BackupLine[];
  expect(lines.map(({ name }) => name)).toEqual(['first']);
  expect(lines[0]?.download).toEqual({ possible: false, why: 'first is an echo' });
  expect(sent.messages.filter(({ name }) => name === 'story')).toHaveLength(1);
});

test('the URL is without its password, and no Secret is read for it', async () => {
  const { api, client, sent } = streaming();
  await client.create(Secret, {
    metadata: { namespace: 'shop', name: 'a-influx' },
    data: { INFLUX_URL: Buffer.from('http://a_1:very-secret@host').toString('base64') },
  });
  await made(client);
  const detail = (await sent.until(({ name, data }) => name === 'addon' && idOf(data) === 'a_1')) as Detail;
  expect(detail.maskedUrl).toBe('http://a_1:********@a-influx.shop.svc.cluster.local:8086/a_1');
  const [addon] = (await client.list(InfluxAddon)).items;
  await client.writeStatus(InfluxAddon, addon!, { ...status, user: 'a_1_b' });
  const rotated = (await sent.until(
    ({ name, data }) =>
      name === 'addon' && (data as Detail | null)?.maskedUrl !== detail.maskedUrl && idOf(data) === 'a_1',
  )) as Detail;
  expect(rotated.maskedUrl).toBe('http://a_1_b:********@a-influx.shop.svc.cluster.local:8086/a_1');
  expect(JSON.stringify(sent.messages)).not.toContain('very-secret');
  expect(api.requests.filter(({ method, path }) => method === 'GET' && path.includes('secrets'))).toEqual([]);
});
