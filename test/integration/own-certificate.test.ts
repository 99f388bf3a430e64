import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Deployment, Pod, Secret } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { make, type Made } from '../../src/tls/testing/certificates.ts';
import { eventually } from './children.ts';
import { queryThroughUrl, secretData } from './database.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const DAY_MS = 24 * 60 * 60 * 1000;
const dates = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 90 * DAY_MS) };

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

async function authority(subject: string): Promise<Made> {
  return await make({ subject, authority: true, ...dates });
}

async function serverOf(namespace: string, issuer: Made): Promise<Made> {
  const host = `${NAME}-influx.${namespace}.svc.cluster.local`;
  return await make({ subject: 'database', issuer, dnsNames: [host], ...dates });
}

/** Writes the user's Secret. */
async function give(namespace: string, files: Record<string, string>): Promise<void> {
  const key = { namespace, name: 'mine' };
  const data = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );
  const live = await bed.client.get(Secret, key);
  if (live === undefined) await bed.client.create(Secret, { metadata: key, type: 'kubernetes.io/tls', data });
  else await bed.client.replace(Secret, { ...live, data });
}

const filesOf = (server: Made, root: Made) => ({
  'tls.crt': server.certPem,
  'tls.key': server.keyPem,
  'ca.crt': root.certPem,
});

async function edit(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec }, { type: 'merge' });
}

const podOf = async (namespace: string) => await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` });

async function shown(namespace: string): Promise<string> {
  const host = (await podOf(namespace))?.status?.podIP ?? '';
  const socket = connect({ host, port: 8086, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  socket.destroy();
  return fingerprint;
}

const fingerprintOf = ({ certPem }: Made) => new X509Certificate(certPem).fingerprint256;

async function revision(namespace: string): Promise<string | undefined> {
  const app = await bed.client.get(Deployment, { namespace, name: 'web' });
  return app?.metadata.annotations?.['deployment.kubernetes.io/revision'];
}

async function tlsSecret(namespace: string): Promise<Record<string, string>> {
  return await secretData(bed, namespace, `${NAME}-influx-tls`);
}

const isSettled = (addon: Live<InfluxAddon>) =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';
const stalled = (reason: string) => (addon: Live<InfluxAddon>) =>
  condition(addon, 'Stalled')?.reason === reason;

async function makeApp(namespace: string): Promise<void> {
  await bed.client.create(Deployment, {
    metadata: { namespace, name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }] },
      },
    },
  });
}

test("a certificate of the user's own: taken, renewed, refused, of another authority, and given back", async () => {
  const running = await bed.startOperator();
  const { referenced } = running.operator.stores;
  const namespace = await bed.namespace('own-certificate');
  await makeApp(namespace);
  const tls = { mode: 'Required', certificateRef: { name: 'mine' } } as const;
  await bed.addon(namespace, NAME, { tls, apps: [{ name: 'web', env: 'Inject' }] });
  const missing = await bed.until(namespace, NAME, 'told what is missing', stalled('CertificateMissing'));
  expect(condition(missing, 'Stalled')?.message).toContain('spec.tls.certificateRef: the Secret mine');

  const root = await authority('first');
  const server = await serverOf(namespace, root);
  await give(namespace, filesOf(server, root));
  await bed.until(namespace, NAME, 'ready', isSettled);
  expect(await shown(namespace)).toBe(fingerprintOf(server));
  expect((await secretData(bed, namespace, `${NAME}-influx-binding`))['ca.crt']).toBe(root.certPem);
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
  expect(await revision(namespace)).toBe('2');
  const first = (await podOf(namespace))?.metadata.uid;

  const renewed = await serverOf(namespace, root);
  await give(namespace, filesOf(renewed, root));
  await eventually(
    'the renewed certificate',
    async () => (await tlsSecret(namespace))['tls.crt'] === renewed.certPem,
  );
  await atRest(bed, namespace, NAME);
  expect((await podOf(namespace))?.metadata.uid).toBe(first);
  expect(await revision(namespace)).toBe('2');

  await give(namespace, { ...filesOf(renewed, root), 'tls.key': root.keyPem });
  const refused = await bed.until(namespace, NAME, 'refused', stalled('CertificateRefused'));
  expect(condition(refused, 'Stalled')?.message).toContain('spec.tls.certificateRef: tls.key is not the key');
  expect(condition(refused, 'Available')?.status).toBe('True');
  expect((await tlsSecret(namespace))['tls.key']).toBe(renewed.keyPem);
  expect((await podOf(namespace))?.metadata.uid).toBe(first);

  const other = await authority('second');
  const moved = await serverOf(namespace, other);
  await give(namespace, filesOf(moved, other));
  await bed.until(
    namespace,
    NAME,
    'of another authority',
    (addon) => isSettled(addon) && condition(addon, 'Stalled')?.status === 'False',
  );
  await eventually('a restart', async () => (await revision(namespace)) === '3');
  await bed.until(namespace, NAME, 'settled', isSettled);
  expect(await shown(namespace)).toBe(fingerprintOf(moved));
  expect((await secretData(bed, namespace, `${NAME}-influx-binding`))['ca.crt']).toBe(other.certPem);
  expect(referenced.size).toBe(1);

  await bed.client.patch(
    InfluxAddon,
    { namespace, name: NAME },
    { spec: { tls: { certificateRef: null } } },
    { type: 'merge' },
  );
  await bed.until(namespace, NAME, "on the operator's own", (addon) => isSettled(addon));
  await eventually('a restart', async () => (await revision(namespace)) === '4');
  await bed.until(namespace, NAME, 'settled', isSettled);
  const own = await tlsSecret(namespace);
  expect(await shown(namespace)).toBe(new X509Certificate(own['tls.crt'] ?? '').fingerprint256);
  expect(own['ca.crt']).not.toContain(other.certPem.trim());
  expect(referenced.size).toBe(0);
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
});

test('a switch waits for a good certificate, and one without its root is verified by what it leads to', async () => {
  await bed.startOperator();
  const namespace = await bed.namespace('switch');
  await makeApp(namespace);
  await bed.addon(namespace, NAME, { apps: [{ name: 'web', env: 'Inject' }] });
  await bed.until(namespace, NAME, 'ready', isSettled);
  const before = (await podOf(namespace))?.metadata.uid;
  const root = await authority('root');
  const intermediate = await make({ subject: 'intermediate', issuer: root, authority: true, ...dates });
  const wrong = await make({ subject: 'wrong', issuer: intermediate, dnsNames: ['elsewhere'], ...dates });
  await give(namespace, { 'tls.crt': wrong.certPem + intermediate.certPem, 'tls.key': wrong.keyPem });
  await edit(namespace, { tls: { mode: 'Required', certificateRef: { name: 'mine' } } });
  const waiting = await bed.until(namespace, NAME, 'refused', stalled('CertificateRefused'));
  expect(condition(waiting, 'Stalled')?.message).toContain('tls.crt is not for');
  expect(waiting.status?.endpoint).toMatch(/^http:/);
  expect((await podOf(namespace))?.metadata.uid).toBe(before);

  const right = await serverOf(namespace, intermediate);
  await give(namespace, { 'tls.crt': right.certPem + intermediate.certPem, 'tls.key': right.keyPem });
  await bed.until(
    namespace,
    NAME,
    'switched',
    (addon) => addon.status?.endpoint?.startsWith('https:') === true && isSettled(addon),
  );
  expect(await shown(namespace)).toBe(fingerprintOf(right));
  expect(await secretData(bed, namespace, `${NAME}-influx-binding`)).not.toHaveProperty('ca.crt');
  expect(await revision(namespace)).toBe('3');
});
