import { beforeEach, expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import { ConfigMap, Node, pathOf, Secret, StatefulSet } from '../objects/kinds.ts';
import { FakeApi } from '../testing/fake-api.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import type { ApiRequest } from './transport.ts';
import type { Live } from '../objects/types.ts';

let api: FakeApi;
let transport: FakeTransport;
let client: KubeClient;
let sent: ApiRequest[];
const key = { namespace: 'n', name: 'a' };

beforeEach(() => {
  api = new FakeApi();
  transport = new FakeTransport(api);
  sent = [];
  transport.fault = (request) => {
    sent.push(request);
    return undefined;
  };
  client = new KubeClient(transport, { fieldManager: 'operator' });
});

test.each([
  [pathOf(Secret, key), '/api/v1/namespaces/n/secrets/a'],
  [pathOf(Secret, { namespace: 'n' }), '/api/v1/namespaces/n/secrets'],
  [pathOf(Secret), '/api/v1/secrets'],
  [pathOf(StatefulSet, key, 'status'), '/apis/apps/v1/namespaces/n/statefulsets/a/status'],
  [pathOf(Node, { name: 'a' }), '/api/v1/nodes/a'],
  [pathOf(Secret, { namespace: 'n', name: '../pods/b' }), '/api/v1/namespaces/n/secrets/..%2Fpods%2Fb'],
])('%s', (path, expected) => {
  expect(path).toBe(expected);
});

test('an object of a namespaced kind is not asked for without its namespace', () => {
  expect(() => pathOf(Secret, { name: 'a' })).toThrow('Secret a needs a namespace');
});

test('what is not there is undefined, any other failure is thrown', async () => {
  expect(await client.get(ConfigMap, key)).toBeUndefined();
  transport.fault = () => ({ what: 'refuse', code: 403 });
  await expect(client.get(ConfigMap, key)).rejects.toMatchObject({ isForbidden: true });
});

test('writes are strict, and carry who makes them', async () => {
  await client.create(ConfigMap, { metadata: key });
  await client.apply(ConfigMap, { metadata: key, data: { a: '1' } }, { fieldManager: 'other', force: true });
  await client.patch(ConfigMap, key, { data: { b: '2' } }, { type: 'strategic' });
  expect(sent.map(({ method, contentType, query }) => ({ method, contentType, ...query }))).toEqual([
    { method: 'POST', contentType: undefined, fieldManager: 'operator', fieldValidation: 'Strict' },
    {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      fieldManager: 'other',
      fieldValidation: 'Strict',
      force: 'true',
    },
    {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      fieldManager: 'operator',
      fieldValidation: 'Strict',
    },
  ]);
  expect(sent[0]?.body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
});

test('a status is told as far as the server knows its fields, and only of the object that was seen', async () => {
  const seen = { ...(await client.create(ConfigMap, { metadata: key })), status: { a: 1, b: { c: 2 } } };
  await client.writeStatus(ConfigMap, seen, { b: { c: 3 }, d: undefined });
  const { uid, resourceVersion } = seen.metadata;
  expect(sent[1]).toMatchObject({
    method: 'PATCH',
    path: '/api/v1/namespaces/n/configmaps/a/status',
    contentType: 'application/merge-patch+json',
    query: { fieldManager: 'operator', fieldValidation: 'Warn' },
    body: { metadata: { uid, resourceVersion }, status: { a: null, b: { c: 3 } } },
  });
  await expect(client.writeStatus(ConfigMap, seen, { e: 1 })).rejects.toMatchObject({ isConflict: true });
});

test('an apply never forces unless asked to', async () => {
  await client.apply(ConfigMap, { metadata: key });
  expect(sent[0]?.query?.['force']).toBe('false');
});

test('an object is replaced only by one that was read before', async () => {
  await expect(client.replace(ConfigMap, { metadata: key })).rejects.toThrow('resourceVersion and uid');
  expect(sent).toEqual([]);
});

test('items of a list know what they are', async () => {
  await client.create(ConfigMap, { metadata: key });
  const { items } = await client.list(ConfigMap, { namespace: 'n' });
  expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
});

test('a list whose page token expires begins again, and tells nothing twice', async () => {
  for (let index = 0; index < 9; index++)
    await client.create(ConfigMap, { metadata: { namespace: 'n', name: `m${index}` } });
  let pages = 0;
  transport.fault = () => {
    if (++pages === 3) api.compact();
    return undefined;
  };
  const { items } = await client.list(ConfigMap, { limit: 4 });
  expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(9);
  expect(items).toHaveLength(9);
});

test('deleting what is gone, or what another took the name of, succeeds and harms nobody', async () => {
  await client.delete(ConfigMap, key);
  const other = await client.create(ConfigMap, { metadata: key });
  await client.delete(ConfigMap, key, { uid: 'of-a-predecessor' });
  expect((await client.get(ConfigMap, key))?.metadata.uid).toBe(other.metadata.uid);
});

test('deleting what changed meanwhile is a Conflict', async () => {
  const { metadata }: Live<ConfigMap> = await client.create(ConfigMap, { metadata: key });
  await client.patch(ConfigMap, key, { data: { a: '1' } }, { type: 'merge' });
  const { uid, resourceVersion } = metadata;
  await expect(client.delete(ConfigMap, key, { uid, resourceVersion })).rejects.toMatchObject({
    isConflict: true,
  });
  await client.delete(ConfigMap, key, { uid });
  expect(await client.get(ConfigMap, key)).toBeUndefined();
});
