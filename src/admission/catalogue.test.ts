import { expect, test } from 'vitest';
import { planOf } from '../addon/testing/fixtures.ts';
import { InfluxPlan } from '../api/kinds.ts';
import { KubeClient } from '../kube/api/client.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { FreshCatalogue } from './catalogue.ts';

function setUp() {
  const api = new FakeApi();
  const transport = new FakeTransport(api);
  const client = new KubeClient(transport, { fieldManager: 'test' });
  return { api, transport, client, catalogue: new FreshCatalogue(client) };
}

test('holds what was there when it was asked for', async () => {
  const { client, catalogue } = setUp();
  expect((await catalogue.get()).plans.size).toBe(0);
  await client.create(InfluxPlan, { metadata: { name: 'new' }, spec: planOf().spec });
  expect((await catalogue.get()).plans.get('new')?.spec).toEqual(planOf().spec);
});

test('a flood of questions makes one request at a time, and nobody gets an answer older than his question', async () => {
  const { api, client, catalogue } = setUp();
  const first = catalogue.get();
  await client.create(InfluxPlan, { metadata: { name: 'new' }, spec: planOf().spec });
  const flood = await Promise.all(Array.from({ length: 100 }, () => catalogue.get()));
  for (const { plans } of flood) expect(plans.get('new')).toBeDefined();
  await first;
  expect(api.requests.filter(({ method }) => method === 'GET')).toHaveLength(4);
});

test('a question that fails fails alone: the next one is asked anew', async () => {
  const { transport, catalogue } = setUp();
  transport.fault = () => ({ what: 'refuse', code: 503 });
  await expect(catalogue.get()).rejects.toMatchObject({ code: 503 });
  const failing = catalogue.get();
  const waiting = catalogue.get();
  const shown = expect(failing).rejects.toMatchObject({ code: 503 });
  await shown;
  transport.fault = () => undefined;
  await waiting.catch(() => {});
  expect((await catalogue.get()).plans.size).toBe(0);
});
