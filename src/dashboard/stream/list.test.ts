import { onTestFinished, expect, test } from 'vitest';
import { InfluxAddon } from '../../api/kinds.ts';
import { streamList } from './list.ts';
import { addonNamed, fakeDesk, Sent } from '../testing/desk.ts';
import type { ListMessages } from '../wire.ts';

function streaming(namespace = '') {
  const desk = fakeDesk();
  const sent = new Sent();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const begin = (): Promise<void> => streamList(desk.visitor, namespace, sent.send, stop.signal);
  return { ...desk, sent, stop, begin };
}

const key = { namespace: 'shop', name: 'a' };

test('the whole list comes first and once, then only lines that differ', async () => {
  const { client, sent, stop, begin } = streaming();
  await client.create(InfluxAddon, addonNamed('a'));
  await client.create(InfluxAddon, addonNamed('b'));
  const running = begin();
  const rows = (await sent.until(({ name }) => name === 'rows')) as ListMessages['rows'];
  expect(rows.map(({ name, plan, status }) => [name, plan, status])).toEqual([
    ['a', '1g', 'New'],
    ['b', '1g', 'New'],
  ]);
  // What no column shows is no news, and what one shows is.
  await client.patch(InfluxAddon, key, { metadata: { annotations: { x: 'y' } } }, { type: 'merge' });
  await client.patch(InfluxAddon, { ...key, name: 'b' }, { spec: { plan: '2g' } }, { type: 'merge' });
  const changed = (await sent.until(({ name }) => name === 'changed')) as ListMessages['changed'];
  expect(changed).toEqual({ rows: [expect.objectContaining({ name: 'b', plan: '2g' })], gone: [] });
  await client.delete(InfluxAddon, key);
  await sent.until(
    ({ name, data }) => name === 'changed' && (data as ListMessages['changed']).gone[0] === 'shop/a',
  );
  expect(sent.messages.filter(({ name }) => name === 'rows')).toHaveLength(1);
  stop.abort();
  await running;
});

test('a burst of changes of one addon is told as one', async () => {
  const { client, sent, begin } = streaming();
  await client.create(InfluxAddon, addonNamed('a'));
  void begin();
  await sent.until(({ name }) => name === 'rows');
  for (let memory = 1; memory <= 40; memory++)
    await client.patch(InfluxAddon, key, { spec: { plan: `${memory}g` } }, { type: 'merge' });
  await sent.until(
    ({ name, data }) => name === 'changed' && (data as ListMessages['changed']).rows[0]?.plan === '40g',
  );
  expect(sent.messages.filter(({ name }) => name === 'changed').length).toBeLessThan(20);
});

test('who may not list is told so in words, and sees the list once that is mended', async () => {
  const { transport, sent, begin } = streaming('shop');
  transport.fault = () => ({ what: 'refuse', code: 403, reason: 'Forbidden' });
  void begin();
  expect(await sent.until(({ name, data }) => name === 'trouble' && data !== '')).toBe(
    'you may not list and watch influxaddons in the namespace shop',
  );
  transport.fault = () => undefined;
  await sent.until(({ name }) => name === 'rows');
  expect(sent.messages.at(-2)).toEqual({ name: 'trouble', data: '' });
});

test('it watches nothing any more when the browser is gone', async () => {
  const { api, sent, stop, begin } = streaming();
  const running = begin();
  await sent.until(({ name }) => name === 'rows');
  await expect.poll(() => api.openWatches).toBe(1);
  stop.abort();
  await running;
  await expect.poll(() => api.openWatches).toBe(0);
});
