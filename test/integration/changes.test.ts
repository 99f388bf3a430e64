import { describe, expect, test } from 'vitest';
import { InfluxVersion } from '../../src/api/kinds.ts';
import { Deployment, PersistentVolumeClaim, StatefulSet } from '../../src/kube/kinds.ts';
import { at, changes, edit, expectChanged, isSettled, NAME, podUid, withApp } from './changing.ts';
import { queryThroughUrl } from './database.ts';
import { condition, type OperatorBed } from './operator-bed.ts';
import { atRest } from './rest.ts';
import { ONLY_LABEL } from './scoped.ts';
import { withOperatorBed } from './with-bed.ts';

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

const isRefused = (addon: Awaited<ReturnType<OperatorBed['get']>>) =>
  condition(addon, 'Stalled')?.status === 'True' &&
  addon.status?.observedGeneration === addon.metadata.generation;

/** A namespace with an operator of its own, which sees no other; no two tests of this file are in each other's way. */
async function alone(name: string): Promise<string> {
  const namespace = await bed.namespace(name);
  await bed.startOperator({ only: namespace });
  return namespace;
}

describe.concurrent('a change of a running database', () => {
  test.for(changes)(
    '$name: one stop and one start of the database, then one restart of the app, and each object of a plan change written once',
    async (change) => {
      const namespace = await alone(slug(change.name));
      await withApp(bed, namespace, change.from);
      const volume = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      const pod = await podUid(bed, namespace);
      const since = Date.now();
      await edit(bed, namespace, change.to);
      await bed.until(namespace, NAME, 'changed', isSettled);
      await atRest(bed, namespace, NAME);
      await expectChanged(bed, namespace, change, pod);
      const after = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      expect(after?.metadata.uid).toBe(volume?.metadata.uid);
      if (change.to.plan !== undefined && change.to.tls === undefined) {
        const writes = await bed.writes(namespace, since);
        const to = (what: string) => writes.filter((each) => each.endsWith(what)).length;
        expect([to(' statefulsets'), to(' deployments')], writes.join(', ')).toEqual([1, 1]);
        for (const once of [' persistentvolumeclaims', ' secrets'])
          expect(to(once), writes.join(', ')).toBeLessThanOrEqual(1);
        // Two, and one more for each phase that takes so long that it is told.
        expect(to(' influxaddons/status'), writes.join(', ')).toBeLessThanOrEqual(5);
        expect(writes.length - to(' influxaddons/status'), writes.join(', ')).toBeLessThanOrEqual(4);
      }
      const set = await bed.client.get(StatefulSet, at(namespace, 'my-app-influx'));
      expect(set?.metadata.generation).toBe(2);
    },
  );

  test('a larger plan grows the volume in place, and on the way down it stays', async () => {
    const namespace = await alone('grows');
    await withApp(bed, namespace, { plan: '512m' });
    const size = async () =>
      (await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data')))?.status?.capacity?.[
        'storage'
      ];
    expect(await size()).toBe('10Gi');
    await edit(bed, namespace, { plan: '1g' });
    await bed.until(
      namespace,
      NAME,
      'on 1g',
      (addon) => isSettled(addon) && addon.status?.storage?.actual === '20Gi',
    );
    expect(await size()).toBe('20Gi');
    await edit(bed, namespace, { plan: '512m' });
    await bed.until(
      namespace,
      NAME,
      'back on 512m',
      (addon) => isSettled(addon) && addon.status?.plan === '512m',
    );
    expect(await size()).toBe('20Gi');
  });

  test('a plan that fits no node is Unschedulable, restarts no app, and going back recovers', async () => {
    const namespace = await alone('unschedulable');
    await withApp(bed, namespace, { plan: '512m' });
    const takeBack = bed.kubelet.rule({
      match: (pod) =>
        pod.metadata.namespace === namespace && JSON.stringify(pod.spec).includes('"memory":"32Gi"'),
      behave: 'Unschedulable',
    });
    await edit(bed, namespace, { plan: '32g' });
    const stuck = await bed.until(
      namespace,
      NAME,
      'unschedulable',
      (addon) => condition(addon, 'Ready')?.reason === 'Unschedulable',
    );
    expect(stuck.status?.plan).toBe('512m');
    await edit(bed, namespace, { plan: '512m' });
    await bed.until(namespace, NAME, 'recovered', isSettled);
    const web = await bed.client.get(Deployment, at(namespace, 'web'));
    expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    takeBack();
  });

  test('an older version is refused, and the database goes on untouched', async () => {
    const namespace = await alone('downgrade');
    await withApp(bed, namespace, { version: '1.8' });
    const pods = await podUid(bed, namespace);
    await edit(bed, namespace, { version: '1.7.11' });
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
    expect(await podUid(bed, namespace)).toBe(pods);
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    await edit(bed, namespace, { version: '1.8' });
    await bed.until(namespace, NAME, 'ready again', isSettled);
    expect(await podUid(bed, namespace)).toBe(pods);
  });

  test('the next major is refused, and the message says what is in the way', async () => {
    const namespace = await alone('next-major');
    const major = {
      metadata: { name: '2.7.12', labels: { [ONLY_LABEL]: namespace } },
      spec: { image: 'influxdb:2.7.12', lifecycle: 'Deprecated' },
    } as const;
    await bed.client.create(InfluxVersion, major);
    await withApp(bed, namespace, { version: '1.7' });
    const pods = await podUid(bed, namespace);
    const refusal = async () => {
      const refused = await bed.until(namespace, NAME, 'refused', (addon) => isRefused(addon));
      expect(condition(refused, 'Available')?.status).toBe('True');
      return condition(refused, 'Stalled');
    };
    await edit(bed, namespace, { version: '2.7' });
    expect(await refusal()).toMatchObject({
      reason: 'UpgradeRefused',
      message: expect.stringContaining('upgrade to 1.8 first'),
    });
    expect(await podUid(bed, namespace)).toBe(pods);
    await edit(bed, namespace, { version: '1.8' });
    await bed.until(namespace, NAME, 'on 1.8', isSettled);
    expect((await bed.get(namespace, NAME)).status?.availableUpgrades).toBeUndefined();
    await edit(bed, namespace, { version: '2.7.12' });
    expect(await refusal()).toMatchObject({
      reason: 'UpgradeRefused',
      message: expect.stringContaining('does not know how to migrate'),
    });
    expect((await queryThroughUrl(bed, namespace, NAME, 'SHOW DATABASES')).status).toBe(200);
    await bed.client.delete(InfluxVersion, { name: '2.7.12' });
  });
});

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
