import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pick } from '../../test/size.ts';
import { KubeClient } from '../kube/api/client.ts';
import { Secret, ValidatingWebhookConfiguration } from '../kube/objects/kinds.ts';
import { silentLogger } from '../kube/log.ts';
import { Store } from '../kube/store/store.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { inspect } from '../tls/inspect.ts';
import { serviceNames } from '../tls/names.ts';
import { OVERLAP_MS, type ServedPair } from './certificate.ts';
import { readSecret, WEBHOOK_SECRET, writeSecret } from './certificate-secret.ts';
import { keepCertificate } from './keep-certificate.ts';

const NAMESPACE = 'influxaddon-system';
const CONFIGURATION = 'influxaddon-operator-webhook';
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const names = serviceNames(CONFIGURATION, NAMESPACE, 'cluster.local');
const key = { namespace: NAMESPACE, name: WEBHOOK_SECRET };

test('the first replica makes a certificate for the Service, shows it and announces its authority', async () => {
  const { replica, secret, bundle } = await cluster();
  const first = replica();
  await first.settle();
  expect(first.shown?.cert).toBe(readSecret(await secret())?.cert);
  expect(trusts(await bundle(), first.shown)).toBe(true);
  const found = inspect({ certPem: first.shown?.cert ?? '', keyPem: first.shown?.key ?? '' });
  expect(found).toMatchObject({ keyMatches: true });
  expect(typeof found === 'string' ? [] : found.leaf.dnsNames).toContain(`${CONFIGURATION}.${NAMESPACE}.svc`);
});

test('of several that begin at once all show the same one', async () => {
  const { replica, client } = await cluster();
  const replicas = [replica(), replica(), replica()];
  await Promise.all(replicas.map((each) => each.once()));
  for (const each of replicas) await each.settle();
  expect(new Set(replicas.map(({ shown }) => shown?.cert)).size).toBe(1);
  expect((await client.list(Secret)).items).toHaveLength(1);
});

test('nothing is written while there is nothing to do', async () => {
  const { replica, api } = await cluster();
  const first = replica();
  await first.settle();
  const before = api.requests.filter(({ method }) => method !== 'GET').length;
  const { requeueAfterMs } = await first.once();
  expect(requeueAfterMs).toBeGreaterThan(HOUR_MS);
  expect(api.requests.filter(({ method }) => method !== 'GET')).toHaveLength(before);
});

test('the keys of the authorities are nowhere kept', async () => {
  const { replica, secret, clock } = await cluster();
  const first = replica();
  await first.settle();
  clock.jump(250 * DAY_MS);
  await first.settle();
  const data = (await secret())?.data ?? {};
  expect(Object.keys(data).toSorted()).toEqual([
    'ca.crt',
    'next-since',
    'next.crt',
    'next.key',
    'tls.crt',
    'tls.key',
  ]);
  for (const name of ['tls.crt', 'next.crt']) {
    expect(new X509Certificate(Buffer.from(data[name] ?? '', 'base64')).ca).toBe(false);
  }
});

test.each<[string, (secret: Secret) => Secret]>([
  ['emptied', (secret) => ({ ...secret, data: {} })],
  ['garbage', (secret) => ({ ...secret, data: { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==' } })],
  [
    'left without its key',
    (secret) => ({ ...secret, data: { ...secret.data, 'tls.key': secret.data?.['ca.crt'] ?? '' } }),
  ],
])('a Secret that was %s is made anew', async (_, spoil) => {
  const { replica, client, secret, bundle } = await cluster();
  const first = replica();
  await first.settle();
  const old = first.shown?.cert;
  await client.replace(Secret, spoil((await secret()) as Secret));
  await first.settle();
  expect(first.shown?.cert).not.toBe(old);
  expect(trusts(await bundle(), first.shown)).toBe(true);
});

test('a Secret that was deleted, and a bundle that was edited, are put right', async () => {
  const { replica, client, bundle } = await cluster();
  const first = replica();
  await first.settle();
  await client.delete(Secret, key);
  await first.settle();
  expect(trusts(await bundle(), first.shown)).toBe(true);
  const edited = { webhooks: [{ name: 'a', clientConfig: { caBundle: 'eA==' } }] };
  await client.patch(ValidatingWebhookConfiguration, { name: CONFIGURATION }, edited, { type: 'strategic' });
  await first.settle();
  expect(trusts(await bundle(), first.shown)).toBe(true);
});

test('a successor that could not be announced is not shown', async () => {
  const { replica, transport, clock } = await cluster();
  const first = replica();
  await first.settle();
  const shown = first.shown?.cert;
  clock.jump(250 * DAY_MS);
  transport.fault = ({ method, path }) =>
    method === 'PATCH' && path.includes('webhookconfigurations') ? { what: 'refuse', code: 403 } : undefined;
  await first.settle();
  clock.jump(2 * OVERLAP_MS);
  await first.settle();
  expect(first.shown?.cert).toBe(shown);
  transport.fault = () => undefined;
  await first.settle();
  expect(first.shown?.cert).not.toBe(shown);
});

test('a Secret that is there keeps its type, and is replaced only as it was read', () => {
  const stored = { cert: 'c', key: 'k', ca: 'a', next: undefined };
  const present: Secret = { metadata: { uid: 'u', resourceVersion: '7' }, type: 'Opaque' };
  expect(writeSecret(NAMESPACE, stored, present)).toMatchObject({
    metadata: { uid: 'u', resourceVersion: '7' },
    type: 'Opaque',
  });
  expect(readSecret(writeSecret(NAMESPACE, stored, undefined))).toEqual(stored);
});

test('through years of renewals, whatever a replica shows is trusted by every API server', async () => {
  await fc.assert(fc.asyncProperty(steps, fc.constant(OVERLAP_MS), survives), { numRuns: pick(5, 15) });
});

test('without an overlap it would not be so', async () => {
  const property = fc.asyncProperty(steps, fc.constant(0), survives);
  const { errorInstance } = await fc.check(property, { seed: 993194472, numRuns: 50, endOnFailure: true });
  expect(errorInstance).toMatchObject({ message: 'a certificate is not trusted' });
});

/** Who does something next, and how long after the one before. */
const steps = fc.array(
  fc.record({
    who: fc.constantFrom('a', 'b'),
    waitMs: fc.oneof(
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 2 * HOUR_MS }),
      fc.integer({ min: DAY_MS, max: 20 * DAY_MS }),
    ),
  }),
  { minLength: 60, maxLength: 150 },
);

/** Two replicas, each with caches of its own, and an API server that hears of the configuration half an hour late. */
async function survives(
  moves: readonly { who: 'a' | 'b'; waitMs: number }[],
  overlapMs: number,
): Promise<void> {
  const { replica, bundle, clock } = await cluster(overlapMs);
  const replicas = { a: replica(), b: replica() };
  await replicas.a.settle();
  await replicas.b.settle();
  let trusted = await bundle();
  for (const { who, waitMs } of moves) {
    const announced = await bundle();
    clock.jump(waitMs);
    if (waitMs > HOUR_MS / 2) trusted = announced;
    await replicas[who].once();
    // A replica is not away for weeks: what it hears of at the latest when its timer fires.
    if (waitMs > DAY_MS) for (const each of Object.values(replicas)) await each.once();
    const now = clock.now();
    for (const { shown } of Object.values(replicas)) {
      if (!trusts(trusted, shown)) throw new Error('a certificate is not trusted');
      const { validFromDate, validToDate } = new X509Certificate(shown?.cert ?? '');
      if (validFromDate.getTime() > now || validToDate.getTime() < now)
        throw new Error('a certificate is not in force');
    }
  }
}

async function cluster(overlapMs = OVERLAP_MS) {
  const api = new FakeApi();
  const clock = new VirtualClock();
  const transport = new FakeTransport(api);
  const client = new KubeClient(new FakeTransport(api), { fieldManager: 'test' });
  await client.create(ValidatingWebhookConfiguration, {
    metadata: { name: CONFIGURATION },
    webhooks: [{ name: 'a', clientConfig: {}, admissionReviewVersions: ['v1'], sideEffects: 'None' }],
  });

  function replica() {
    const secrets = new Store<Secret>();
    const configurations = new Store<ValidatingWebhookConfiguration>();
    const keeper = {
      client: new KubeClient(transport, { fieldManager: 'replica' }),
      namespace: NAMESPACE,
      configuration: CONFIGURATION,
      names,
      secrets,
      configurations,
      overlapMs,
      clock,
      log: silentLogger,
      show: async (pair: ServedPair) => void (state.shown = pair),
    };
    const state = {
      shown: undefined as ServedPair | undefined,
      /** Works on caches that are as they were after the last run, then lets them hear of everything. */
      async once() {
        const result = await keepCertificate(keeper, new AbortController().signal).catch(() => ({
          requeueAfterMs: 1,
        }));
        await state.hear();
        return result;
      },
      async hear() {
        const heard = await client.list(Secret);
        secrets.replace(heard.items, heard.resourceVersion);
        const configured = await client.list(ValidatingWebhookConfiguration);
        configurations.replace(configured.items, configured.resourceVersion);
      },
      async settle() {
        await state.hear();
        for (let run = 0; run < 6; run += 1) await state.once();
      },
    };
    return state;
  }

  const secret = async () => await client.get(Secret, key);
  const bundle = async () => {
    const found = await client.get(ValidatingWebhookConfiguration, { name: CONFIGURATION });
    return Buffer.from(found?.webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString('utf8');
  };
  return { api, clock, transport, client, replica, secret, bundle };
}

function trusts(ca: string, pair: ServedPair | undefined): boolean {
  const found = inspect({ certPem: pair?.cert ?? '', keyPem: pair?.key ?? '', caPem: ca });
  return typeof found !== 'string' && found.keyMatches === true && found.trustedBy !== undefined;
}
