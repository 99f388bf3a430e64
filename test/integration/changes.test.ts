import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxVersion } from '../../src/api/kinds.ts';
import { Deployment, PersistentVolumeClaim, Pod, StatefulSet } from '../../src/kube/kinds.ts';
import { appOf } from './app.ts';
import { queryThroughUrl, secretData } from './database.ts';
import { type Blow, Fuse } from './fuse.ts';
import { condition, isReady, OPERATOR_USER, type OperatorBed, startOperatorBed } from './operator-bed.ts';

let bed: OperatorBed;
let count = 0;
beforeAll(async () => {
  bed = await startOperatorBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

interface Change {
  readonly name: string;
  readonly from: Partial<InfluxAddonSpec>;
  readonly to: Partial<InfluxAddonSpec>;
}

const changes: readonly Change[] = [
  { name: 'a larger plan', from: { plan: '512m' }, to: { plan: '1g' } },
  { name: 'a smaller plan', from: { plan: '1g' }, to: { plan: '512m' } },
  { name: 'a newer version', from: { version: '1.7' }, to: { version: '1.8.10' } },
  { name: 'TLS on', from: {}, to: { tls: { mode: 'Required' } } },
  { name: 'TLS off', from: { tls: { mode: 'Required' } }, to: { tls: { mode: 'Disabled' } } },
  {
    name: 'plan, version and TLS in one edit',
    from: { version: '1.7' },
    to: { plan: '2g', version: '1.8', tls: { mode: 'Required' } },
  },
];

const NAME = 'my-app';
const at = (namespace: string, name: string) => ({ namespace, name });

/** An addon with an app, and a point in its database. */
async function prepare(spec: Partial<InfluxAddonSpec>): Promise<string> {
  count += 1;
  const namespace = await bed.namespace(`change-${count}`);
  await bed.client.create(Deployment, appOf(namespace));
  await bed.addon(namespace, NAME, { ...spec, apps: [{ name: 'web', env: 'Inject' }] });
  await bed.until(namespace, NAME, 'ready', isSettled);
  return namespace;
}

async function edit(namespace: string, spec: Partial<InfluxAddonSpec>): Promise<void> {
  await bed.client.patch(InfluxAddon, at(namespace, NAME), { spec }, { type: 'merge' });
}

const isSettled = (addon: Awaited<ReturnType<OperatorBed['get']>>) =>
  isReady(addon) && condition(addon, 'AppsCurrent')?.status === 'True';

const isRefused = (addon: Awaited<ReturnType<OperatorBed['get']>>) =>
  condition(addon, 'Stalled')?.status === 'True' &&
  addon.status?.observedGeneration === addon.metadata.generation;

/** What there is when the change is done, but for times and what is drawn by chance. */
async function expectDone(namespace: string, change: Change, podsBefore: string): Promise<void> {
  const addon = await bed.get(namespace, NAME);
  const { plan = '512m', version, tls } = { ...change.from, ...change.to };
  expect(addon.status).toMatchObject({
    plan,
    version: version?.startsWith('1.7') === true ? '1.7.11' : '1.8.10',
    appsReady: '1/1',
  });
  const scheme = tls?.mode === 'Required' ? 'https' : 'http';
  expect(addon.status?.endpoint).toBe(`${scheme}://my-app-influx.${namespace}.svc.cluster.local:8086`);
  expect((await secretData(bed, namespace, 'my-app-influx'))['INFLUX_URL']).toMatch(
    new RegExp(`^${scheme}://`),
  );
  const set = await bed.client.get(StatefulSet, at(namespace, 'my-app-influx'));
  const memory = set?.spec?.template.spec?.containers[0]?.resources?.limits?.['memory'];
  expect(memory).toBe(plan === '512m' ? '512Mi' : plan === '1g' ? '1Gi' : '2Gi');
  const pod = await bed.client.get(Pod, at(namespace, 'my-app-influx-0'));
  expect(pod?.metadata.uid).not.toBe(podsBefore);
  const web = await bed.client.get(Deployment, at(namespace, 'web'));
  // The first is its owner's, the second got the variables, the third follows the change.
  expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
}

async function podUid(namespace: string): Promise<string> {
  return (await bed.client.get(Pod, at(namespace, 'my-app-influx-0')))?.metadata.uid ?? '';
}

describe('a change of a running database', () => {
  test.for(changes)(
    '$name: one stop and one start of the database, then one restart of the app, at no more than 6 writes for a plan',
    async (change) => {
      const operator = await bed.startOperator();
      const namespace = await prepare(change.from);
      const volume = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      const pods = await podUid(namespace);
      const since = Date.now();
      await edit(namespace, change.to);
      await bed.until(namespace, NAME, 'changed', isSettled);
      await delay(1_500);
      await expectDone(namespace, change, pods);
      const after = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      expect(after?.metadata.uid).toBe(volume?.metadata.uid);
      const counts = await bed.plane.auditCounts(OPERATOR_USER, since);
      if (change.to.plan !== undefined && change.to.tls === undefined)
        expect(counts.writes, JSON.stringify(counts.by)).toBeLessThanOrEqual(6);
      const set = await bed.client.get(StatefulSet, at(namespace, 'my-app-influx'));
      expect(set?.metadata.generation).toBe(2);
      await operator.stop();
    },
  );

  test('a larger plan grows the volume in place, and on the way down it stays', async () => {
    const operator = await bed.startOperator();
    const namespace = await prepare({ plan: '512m' });
    const size = async () =>
      (await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data')))?.status?.capacity?.[
        'storage'
      ];
    expect(await size()).toBe('10Gi');
    await edit(namespace, { plan: '1g' });
    await bed.until(
      namespace,
      NAME,
      'on 1g',
      (addon) => isSettled(addon) && addon.status?.storage?.actual === '20Gi',
    );
    expect(await size()).toBe('20Gi');
    await edit(namespace, { plan: '512m' });
    await bed.until(
      namespace,
      NAME,
      'back on 512m',
      (addon) => isSettled(addon) && addon.status?.plan === '512m',
    );
    expect(await size()).toBe('20Gi');
    await operator.stop();
  });

  test('a plan that fits no node is Unschedulable, restarts no app, and going back recovers', async () => {
    const operator = await bed.startOperator();
    const namespace = await prepare({ plan: '512m' });
    const takeBack = bed.kubelet.rule({
      match: (pod) =>
        pod.metadata.namespace === namespace && JSON.stringify(pod.spec).includes('"memory":"32Gi"'),
      behave: 'Unschedulable',
    });
    await edit(namespace, { plan: '32g' });
    const stuck = await bed.until(
      namespace,
      NAME,
      'unschedulable',
      (addon) => condition(addon, 'Ready')?.reason === 'Unschedulable',
    );
    expect(stuck.status?.plan).toBe('512m');
    await edit(namespace, { plan: '512m' });
    await bed.until(namespace, NAME, 'recovered', isSettled);
    const web = await bed.client.get(Deployment, at(namespace, 'web'));
    expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    takeBack();
    await operator.stop();
  });

  test('an older version is refused, and the database goes on untouched', async () => {
    const operator = await bed.startOperator();
    const namespace = await prepare({ version: '1.8' });
    const pods = await podUid(namespace);
    await edit(namespace, { version: '1.7.11' });
    const refused = await bed.until(
      namespace,
      NAME,
      'refused',
      (addon) => condition(addon, 'Stalled')?.status === 'True',
    );
    expect(condition(refused, 'Stalled')).toMatchObject({
      reason: 'DowngradeRefused',
      message: expect.stringContaining('1.8.10'),
    });
    expect(condition(refused, 'Available')?.status).toBe('True');
    expect(await podUid(namespace)).toBe(pods);
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    await edit(namespace, { version: '1.8' });
    await bed.until(namespace, NAME, 'ready again', isSettled);
    expect(await podUid(namespace)).toBe(pods);
    await operator.stop();
  });

  test('the next major is refused, and the message says what is in the way', async () => {
    const operator = await bed.startOperator();
    const major = {
      metadata: { name: '2.7.12' },
      spec: { image: 'influxdb:2.7.12', lifecycle: 'Deprecated' },
    } as const;
    await bed.client.create(InfluxVersion, major);
    const namespace = await prepare({ version: '1.7' });
    const pods = await podUid(namespace);
    const refusal = async () => {
      const refused = await bed.until(namespace, NAME, 'refused', (addon) => isRefused(addon));
      expect(condition(refused, 'Available')?.status).toBe('True');
      return condition(refused, 'Stalled');
    };
    await edit(namespace, { version: '2.7' });
    expect(await refusal()).toMatchObject({
      reason: 'UpgradeRefused',
      message: expect.stringContaining('upgrade to 1.8 first'),
    });
    expect(await podUid(namespace)).toBe(pods);
    await edit(namespace, { version: '1.8' });
    await bed.until(namespace, NAME, 'on 1.8', isSettled);
    expect((await bed.get(namespace, NAME)).status?.availableUpgrades).toBeUndefined();
    await edit(namespace, { version: '2.7.12' });
    expect(await refusal()).toMatchObject({
      reason: 'UpgradeRefused',
      message: expect.stringContaining('does not know how to migrate'),
    });
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    await bed.client.delete(InfluxVersion, { name: '2.7.12' });
    await operator.stop();
  });
});

describe('the operator dies at every single write of a change', () => {
  const modes: readonly Blow[] = ['Applied', 'Lost'];
  const cases = changes.flatMap((change) => modes.map((blow) => ({ ...change, change, blow })));
  test.for(cases)(
    '$name, $blow: the same end, the app restarted once',
    { timeout: 300_000 },
    async ({ change, blow }) => {
      for (let after = 1; ; after += 1) {
        const before = await bed.startOperator();
        const namespace = await prepare(change.from);
        await before.stop();
        const pods = await podUid(namespace);
        const fuse = new Fuse(after, blow);
        const doomed = await bed.startOperator({ wrap: fuse.wrap, wrapInflux: fuse.wrapInflux });
        await edit(namespace, change.to);
        const settled = bed.until(namespace, NAME, 'changed', isSettled).then(
          () => false,
          () => false,
        );
        const crashed = await Promise.race([fuse.blown.then(() => true), settled]);
        await doomed.kill();
        if (crashed) {
          const next = await bed.startOperator();
          await bed.until(namespace, NAME, `changed after a crash at ${fuse.writes.at(-1)}`, isSettled);
          await next.stop();
        }
        await expectDone(namespace, change, pods);
        if (!crashed) break;
      }
    },
  );
});
