import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Authorization, loadInCluster, loadKubeconfig } from './credentials.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kube-credentials-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a pod finds server, authority, namespace and token where the kubelet puts them', async () => {
  await writeFile(join(folder, 'ca.crt'), 'PEM');
  await writeFile(join(folder, 'namespace'), 'shop\n');
  await writeFile(join(folder, 'token'), 'secret\n');
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  const credentials = await loadInCluster(environment, folder);
  expect(credentials).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'shop', ca: 'PEM' });
  expect(await new Authorization(credentials).header()).toBe('Bearer secret');
});

test('outside a cluster it says so', async () => {
  await expect(loadInCluster({}, folder)).rejects.toThrow('does not run in a cluster');
});

test('a kubeconfig gives its current context, or another that is named', async () => {
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [
      { name: 'c1', cluster: { server: 'https://one:6443/', 'certificate-authority-data': encoded('CA') } },
      { name: 'c2', cluster: { server: 'https://proxy/clusters/two', 'insecure-skip-tls-verify': true } },
    ],
    users: [
      { name: 'u1', user: { token: 'secret' } },
      { name: 'u2', user: { 'client-certificate-data': encoded('CERT'), 'client-key-data': encoded('KEY') } },
    ],
    contexts: [
      { name: 'one', context: { cluster: 'c1', user: 'u1', namespace: 'shop' } },
      { name: 'two', context: { cluster: 'c2', user: 'u2' } },
    ],
  };
  const path = join(folder, 'config');
  await writeFile(path, JSON.stringify(config));
  const one = await loadKubeconfig(path);
  expect(one).toMatchObject({ server: 'https://one:6443', namespace: 'shop', ca: 'CA' });
  expect(await new Authorization(one).header()).toBe('Bearer secret');
  const two = await loadKubeconfig(path, 'two');
  expect(two).toMatchObject({
    server: 'https://proxy/clusters/two',
    namespace: 'default',
    insecure: true,
    clientCert: 'CERT',
    clientKey: 'KEY',
  });
  expect(await new Authorization(two).header()).toBeUndefined();
});
