import { describe, expect, test } from 'vitest';
import { AUTHORITY_LABEL, AUTHORITY_SECRET } from '../../src/addon/tls/authorities.ts';
import type { InfluxAddon as Addon } from '../../src/api/influx-addon.ts';
import { InfluxAddon } from '../../src/api/kinds.ts';
import { Secret } from '../../src/kube/objects/kinds.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { issueLeaf } from '../../src/tls/leaf.ts';
import { serviceNames } from '../../src/tls/names.ts';
import { make } from '../../src/tls/testing/certificates.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { eventually } from './children.ts';
import { queryThroughUrl, secretData } from './database.ts';
import { condition, isReady, type OperatorBed, type RunningOperator } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { allowAtHome } from './rights.ts';
import type { OperatorOptions } from './running-operator.ts';
import { stalled } from './stalled.ts';
import { isDone, NAME, Trusting } from './trusting.ts';
import { VerifyingApp } from './verifying-app.ts';
import { closedWindow } from './windows.ts';
import { withOperatorBed } from './with-bed.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Less than certificates are dated back, which the real clock has to find in force. */
const SOON_MS = 9 * 60 * 1000;

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

/** A namespace whose operators see no other, and keep their authority in it. */
async function alone(
  name: string,
): Promise<{ trusting: Trusting; start: (options?: OperatorOptions) => Promise<RunningOperator> }> {
  const namespace = await bed.namespace(name);
  await allowAtHome(bed.client, namespace);
  const settings = { operatorNamespace: namespace };
  const start = (options: OperatorOptions = {}) =>
    bed.startOperator({ ...options, settings, only: namespace });
  return { trusting: new Trusting(bed, namespace), start };
}

const waitsFor = (kind: string) => (addon: Live<Addon>) =>
  addon.status?.maintenance?.startedAt === undefined &&
  addon.status?.maintenance?.pending?.length === 1 &&
  addon.status.maintenance.pending[0]?.what.startsWith(`${kind} `) === true;

/** Another addon of the same operator, without an app. */
async function neighbour(namespace: string): Promise<void> {
  await bed.addon(namespace, 'other', { maintenanceWindow: closedWindow(), tls: { mode: 'Required' } });
  await bed.ready(namespace, 'other');
}

/** The operator has looked at the authorities as they are, and at the addon since. */
async function looked({ operator }: RunningOperator, { namespace }: Trusting): Promise<void> {
  await eventually('a look at the authorities', async () => {
    const live = await bed.client.get(Secret, { namespace, name: AUTHORITY_SECRET });
    const known = operator.stores.authorities.get(`${namespace}/${AUTHORITY_SECRET}`);
    const { length, working } = operator.authority;
    return length + working === 0 && known?.metadata.resourceVersion === live?.metadata.resourceVersion;
  });
  await atRest(bed, namespace, NAME);
}

const longAgo = () => new Date(Date.now() - 16 * DAY_MS).toISOString();

describe.concurrent('an authority that is lost while databases run', () => {
  test('goes on being trusted, is replaced in the window, with one restart of app and database each', async () => {
    const { trusting, start } = await alone('lost');
    const { namespace } = trusting;
    const operator = await start();
    await trusting.provision(closedWindow());
    await using app = new VerifyingApp(bed, namespace, NAME);
    await app.verifies();
    const before = await trusting.restarts();
    const first = await trusting.stored();
    await trusting.loseAuthority();

    const pending = await bed.until(namespace, NAME, 'pending', waitsFor('authority'));
    expect(condition(pending, 'MaintenancePending')).toMatchObject({
      reason: 'OutsideWindow',
      message: expect.stringMatching(/^authority .*: waits for the maintenance window of /),
    });
    expect(Date.parse(pending.status?.maintenance?.pending?.[0]?.latest ?? '')).toBeGreaterThan(Date.now());
    const both = await trusting.stored();
    expect(both.leaf).toBe(first.leaf);
    expect(both.authorities).toHaveLength(2);
    expect(both.authorities).toContain(first.signer);
    await looked(operator, trusting);
    expect(await trusting.restarts()).toEqual(before);

    // Whoever comes now has nothing to follow.
    await neighbour(namespace);
    expect((await trusting.stored('other')).signer).not.toBe(first.signer);
    expect(condition(await bed.get(namespace, 'other'), 'MaintenancePending')?.status).toBe('False');

    await trusting.ask('one');
    await bed.until(namespace, NAME, 'waiting for its certificate', waitsFor('certificate'));
    expect(await trusting.restarts()).toEqual({ pod: before.pod, app: '3' });
    const second = await trusting.stored();
    expect(second.signer).not.toBe(first.signer);

    await trusting.ask('two');
    const done = await bed.until(namespace, NAME, 'done', isDone);
    expect(done.status?.maintenance?.past?.map(({ what }) => what.split(' ')[0])).toEqual([
      'certificate',
      'authority',
    ]);
    const after = await trusting.restarts();
    expect(after.pod).not.toBe(before.pod);
    expect(after.app).toBe('3');

    await trusting.editAuthorities(
      ({ former }) => void (former !== undefined && (former['signedUntil'] = longAgo())),
    );
    await eventually(
      'the lost one to be dropped',
      async () => (await trusting.stored()).authorities.length === 1,
    );
    await looked(operator, trusting);
    expect(await trusting.restarts()).toEqual(after);
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    await app.verifies(20);
    expect([...app.refusals]).toEqual([]);
  });

  test('is replaced also beside the Secrets that it signed, apps first', async () => {
    const { trusting, start } = await alone('lost-with-all');
    const { namespace } = trusting;
    const first = await start();
    await trusting.provision(closedWindow());
    await neighbour(namespace);
    await using app = new VerifyingApp(bed, namespace, NAME);
    await app.verifies();
    const before = await trusting.restarts();
    await first.stop();
    await trusting.loseAuthority();
    await bed.client.delete(Secret, { namespace, name: `${NAME}-influx-tls` });
    const elsewhere = await trusting.stored('other');
    const operator = await start();
    // Nobody can sign for the lost one any more: the database shows what it has, and is not restarted before the app.
    await bed.until(namespace, NAME, 'pending', waitsFor('authority'));
    expect((await trusting.stored()).signer).not.toBe(elsewhere.signer);
    await looked(operator, trusting);
    expect(await trusting.restarts()).toEqual(before);
    await trusting.ask('one');
    await bed.until(namespace, NAME, 'waiting for its certificate', waitsFor('certificate'));
    expect(await trusting.restarts()).toEqual({ pod: before.pod, app: '3' });
    await trusting.ask('two');
    await bed.until(namespace, NAME, 'done', isDone);
    expect((await trusting.restarts()).app).toBe('3');
    await app.verifies();
    expect([...app.refusals]).toEqual([]);
  });
});

describe.concurrent('certificates in their course', () => {
  test('a roll-over: apps learn of the successor, then it signs, then the old one is dropped, each in the window', async () => {
    const { trusting, start } = await alone('roll-over');
    const { namespace } = trusting;
    // Two thirds of its life are over in a few minutes.
    const born = Date.now() - 2000 * DAY_MS + SOON_MS;
    const old = await make({
      subject: 'old',
      authority: true,
      notBefore: new Date(born),
      notAfter: new Date(born + 3000 * DAY_MS),
    });
    const kept = JSON.stringify({ signing: { certPem: old.certPem, keyPem: old.keyPem } });
    await bed.client.create(Secret, {
      metadata: { namespace, name: AUTHORITY_SECRET, labels: { [AUTHORITY_LABEL]: 'true' } },
      data: { 'authorities.json': Buffer.from(kept).toString('base64') },
    });
    const clock = new SteppedClock();
    const operator = await start({ clock });
    await trusting.provision(closedWindow());
    await using app = new VerifyingApp(bed, namespace, NAME);
    await app.verifies();
    const before = await trusting.restarts();
    const first = await trusting.stored();
    expect(first.authorities.map((each) => each.trim())).toEqual([old.certPem.trim()]);

    clock.skip(SOON_MS);
    await bed.until(namespace, NAME, 'pending', waitsFor('authority'));
    expect(await trusting.stored()).toMatchObject({ leaf: first.leaf, signer: first.signer });
    expect((await trusting.stored()).authorities).toHaveLength(2);
    // Its time has come, but this addon has not followed.
    await trusting.editAuthorities(
      ({ next }) => void (next !== undefined && (next['trustedSince'] = longAgo())),
    );
    await looked(operator, trusting);
    expect((await trusting.stored()).leaf).toBe(first.leaf);
    expect(await trusting.restarts()).toEqual(before);

    await trusting.ask('one');
    await bed.until(namespace, NAME, 'done', isDone);
    expect(await trusting.restarts()).toEqual({ pod: before.pod, app: '3' });
    // Somebody looks, twice a day.
    await trusting.editAuthorities(
      ({ next }) => void (next !== undefined && (next['trustedSince'] = longAgo())),
    );
    await bed.until(namespace, NAME, 'waiting for its certificate', waitsFor('certificate'));
    const second = await trusting.stored();
    expect(second.signer).not.toBe(first.signer);
    expect(second.authorities).toHaveLength(2);

    await trusting.editAuthorities(
      ({ former }) => void (former !== undefined && (former['signedUntil'] = longAgo())),
    );
    await looked(operator, trusting);
    // The database shows one of the old.
    expect((await trusting.stored()).authorities).toHaveLength(2);
    await trusting.ask('two');
    await bed.until(namespace, NAME, 'done', isDone);
    await trusting.editAuthorities(
      ({ former }) => void (former !== undefined && (former['signedUntil'] = longAgo())),
    );
    await eventually(
      'the old one to be dropped',
      async () => (await trusting.stored()).authorities.length === 1,
    );
    await looked(operator, trusting);
    const after = await trusting.restarts();
    expect(after.pod).not.toBe(before.pod);
    expect(after.app).toBe('3');
    await app.verifies(20);
    expect([...app.refusals]).toEqual([]);
  });

  test('a database whose certificate is about to end is restarted also when its spec cannot be followed, and no app is', async () => {
    const { trusting, start } = await alone('deadline');
    const { namespace } = trusting;
    await start();
    await trusting.provision(closedWindow());
    await showShortCertificate(trusting);
    await using app = new VerifyingApp(bed, namespace, NAME);
    await app.verifies();
    const before = await trusting.restarts();

    const spec = { plan: 'of-nobody' };
    await bed.client.patch(InfluxAddon, { namespace, name: NAME }, { spec }, { type: 'merge' });
    await stalled(bed, namespace, NAME, 'UnknownPlan');
    // It is renewed; nothing but a restart brings it, and that cannot wait.
    await bed.client.delete(Secret, { namespace, name: `${NAME}-influx-tls` });
    const done = await bed.until(
      namespace,
      NAME,
      'restarted',
      (addon) => addon.status?.maintenance?.past?.[0]?.what.startsWith('certificate ') === true,
    );
    expect(condition(done, 'Stalled')?.status).toBe('True');
    expect(condition(done, 'Available')?.status).toBe('True');
    expect(done.status?.plan).toBe('512m');
    const after = await trusting.restarts();
    expect(after.pod).not.toBe(before.pod);
    expect(after.app).toBe(before.app);
    expect([...app.refusals]).toEqual([]);
  });
});

/** The database shows a certificate that ends in two days: earlier than any restart that has to wait for a window. */
async function showShortCertificate(trusting: Trusting): Promise<void> {
  const { namespace } = trusting;
  const { 'authorities.json': text = '' } = await secretData(bed, namespace, AUTHORITY_SECRET);
  const { signing } = JSON.parse(text) as { signing: { certPem: string; keyPem: string } };
  const names = serviceNames(`${NAME}-influx`, namespace, 'cluster.local');
  const leaf = await issueLeaf({ authority: signing, ...names, now: new Date(), lifetimeDays: 2 });
  const live = await bed.client.get(Secret, { namespace, name: `${NAME}-influx-tls` });
  if (live === undefined) throw new Error('there is no certificate');
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const data = { ...live.data, 'tls.crt': base64(leaf.certPem), 'tls.key': base64(leaf.keyPem) };
  await bed.client.replace(Secret, { ...live, data });
  await trusting.endPod();
  const { leaf: short } = await trusting.stored();
  await eventually('the short certificate', async () => (await trusting.shown()) === short);
  await bed.until(namespace, NAME, 'ready again', isReady);
  await atRest(bed, namespace, NAME);
}
