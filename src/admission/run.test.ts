import { expect, it, onTestFinished } from 'vitest';
import type { Stores } from '../addon/observe/stores.ts';
import { SETTINGS } from '../addon/testing/fixtures.ts';
import { KubeClient } from '../kube/api/client.ts';
import { silentLogger } from '../kube/log.ts';
import { Secret } from '../kube/objects/kinds.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { serviceNames } from '../tls/names.ts';
import { makeCertificate } from './certificate-secret.ts';
import { runWebhook } from './run.ts';

const NAME = 'operator-webhook';

it('asks for no right on its configuration where somebody else keeps the certificate', async () => {
  const api = new FakeApi();
  const transport = new FakeTransport(api);
  transport.fault = ({ path }) =>
    path.includes('webhookconfigurations') ? { what: 'refuse', code: 403, reason: 'Forbidden' } : undefined;
  const asked: string[] = [];
  const client = new KubeClient(
    {
      request: async (request) => {
        asked.push(request.path);
        return await transport.request(request);
      },
      watch: (request) => transport.watch(request),
      close: () => transport.close(),
    },
    { fieldManager: 'influxaddon-operator' },
  );
  const namespace = SETTINGS.operatorNamespace;
  const { cert, key } = await makeCertificate(serviceNames(NAME, namespace, 'cluster.local'), new Date());
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  await client.create(Secret, {
    metadata: { namespace, name: 'theirs' },
    data: { 'tls.crt': encoded(cert), 'tls.key': encoded(key) },
  });

  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = runWebhook(
    {
      client,
      // Looked at only by a review.
      stores: {} as Stores,
      ready: () => true,
      settings: SETTINGS,
      name: NAME,
      secret: 'theirs',
      port: 0,
      log: silentLogger,
      onListening: listening.resolve,
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  expect(await listening.promise).toBeGreaterThan(0);
  expect(asked.filter((path) => path.includes('webhookconfigurations'))).toEqual([]);
  expect(asked.length).toBeGreaterThan(0);
});
