import { describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxVersion } from '../../src/api/kinds.ts';
import {
  DaemonSet,
  Deployment,
  type Kind,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
} from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { appOf } from './app.ts';
import {
  at,
  type Change,
  changes,
  edit,
  expectChanged,
  isSettled,
  NAME,
  podUid,
  withApp,
} from './changing.ts';
import type { Clock } from '../../src/kube/clock.ts';
import { SteppedClock } from '../cluster/stepped-clock.ts';
import { eventually } from './children.ts';
import { queryThroughUrl } from './database.ts';
import { condition, isReady, type OperatorBed } from './operator-bed.ts';
import { hasPoint, writePoint } from './points.ts';
import { atRest } from './rest.ts';
import { ONLY_LABEL } from './scoped.ts';
import { slug } from './sweeps/sweep.ts';
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
async function alone(name: string, clock: Clock = bed.clock): Promise<string> {
  const namespace = await bed.namespace(name);
  await bed.startOperator({ only: namespace, clock });
  return namespace;
}

const tls = { mode: 'Required' } as const;
const largerWithTls: Change = {
  name: 'a larger plan with TLS',
  from: { plan: '512m', tls },
  to: { plan: '1g' },
};

describe.concurrent('a change of a running database', () => {
  test.for([...changes, largerWithTls])(
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

  test('a larger plan whose volume does not grow is not called in force, and is given up', async () => {
    const namespace = await alone('grows-not');
    await withApp(bed, namespace, { plan: '512m' });
    const pod = await podUid(bed, namespace);
    const release = bed.kubelet.holdClaims((claim) => claim.metadata.namespace === namespace);
    try {
      await edit(bed, namespace, { plan: '1g' });
      await bed.until(
        namespace,
        NAME,
        'waiting for the volume, with its app restarted',
        (addon) =>
          condition(addon, 'Ready')?.message.includes('its volume has 10Gi of 20Gi yet') === true &&
          condition(addon, 'AppsCurrent')?.status === 'True',
      );
      expect(await podUid(bed, namespace)).not.toBe(pod);
      const addon = await bed.get(namespace, NAME);
      expect(addon.status?.plan).toBe('512m');
      expect(condition(addon, 'Ready')).toMatchObject({ status: 'False', reason: 'ChangingPlan' });
      await edit(bed, namespace, { plan: '512m' });
      const back = await bed.until(
        namespace,
        NAME,
        'back on 512m',
        (each) => isSettled(each) && each.status?.observedGeneration === each.metadata.generation,
      );
      expect(back.status?.plan).toBe('512m');
      const claim = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      expect(claim?.spec?.resources?.requests).toEqual({ storage: '10241Mi' });
      expect(claim?.status?.capacity).toEqual({ storage: '10Gi' });
    } finally {
      release();
    }
  });

  test('a claim that never got a volume is made again for another plan', async () => {
    const namespace = await alone('unbound');
    const release = bed.kubelet.holdClaims((claim) => claim.metadata.namespace === namespace);
    const claimNow = () => bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
    try {
      await bed.addon(namespace, NAME, { plan: '1g' });
      const first = await eventually('the claim', claimNow);
      await edit(bed, namespace, { plan: '512m' });
      const second = await eventually('another claim', async () => {
        const claim = await claimNow();
        return claim?.metadata.uid !== first.metadata.uid && claim;
      });
      expect(second.spec?.resources?.requests).toEqual({ storage: '10Gi' });
    } finally {
      release();
    }
    const addon = await bed.until(namespace, NAME, 'ready', isReady);
    expect(addon.status?.plan).toBe('512m');
  });

  test('that needs Secrets which somebody has made immutable comes all the same: they are made again', async () => {
    const clock = new SteppedClock();
    const namespace = await alone('immutable', clock);
    await withApp(bed, namespace, { plan: '512m' });
    const names = ['my-app-influx-admin', 'my-app-influx', 'my-app-influx-binding', 'my-app-influx-tls'];
    const read = () => Promise.all(names.map((name) => bed.client.get(Secret, at(namespace, name))));
    const before = await eventually('all Secrets', async () => {
      const secrets = await read();
      return secrets.every((each) => each !== undefined) && secrets;
    });
    for (const name of names)
      await bed.client.patch(Secret, at(namespace, name), { immutable: true }, { type: 'merge' });
    await eventually('all of them to be others', async () => {
      const secrets = await read();
      return secrets.every(
        (each, index) =>
          each?.immutable !== true && each && each.metadata.uid !== before[index]?.metadata.uid,
      );
    });
    expect((await read()).map((each) => each?.data)).toEqual(before.map((each) => each?.data));
    await edit(bed, namespace, { plan: '1g', connection: { prefix: 'METRICS' } });
    const revision = async () => {
      const web = await bed.client.get(Deployment, at(namespace, 'web'));
      return web?.metadata.annotations?.['deployment.kubernetes.io/revision'];
    };
    await eventually('the app to have the other names', async () => (await revision()) === '3');
    // Once more, a minute later, since a kubelet may have given its pods the Secret as it was before.
    await eventually('1g to be in force', async () => {
      clock.skip(5_000);
      const addon = await bed.get(namespace, NAME);
      return isSettled(addon) && addon.status?.plan === '1g';
    });
    expect(await bed.client.get(Secret, at(namespace, 'my-app-influx-admin-copy'))).toBeUndefined();
    expect(await revision()).toBe('4');
  });

  test('a larger plan grows the volume of a database that does not come up, which is how a full one is healed', async () => {
    const namespace = await alone('grows-when-full');
    await withApp(bed, namespace, { plan: '512m' });
    const takeBack = bed.kubelet.rule({
      match: (pod) => pod.metadata.namespace === namespace,
      behave: 'CrashLoop',
      message: 'no space left on device',
    });
    const reason = (word: string) => (addon: Awaited<ReturnType<OperatorBed['get']>>) =>
      condition(addon, 'Ready')?.reason === word;
    await bed.client.delete(Pod, at(namespace, 'my-app-influx-0'));
    await bed.until(namespace, NAME, 'degraded', reason('Degraded'));
    await edit(bed, namespace, { plan: '1g' });
    await eventually('the volume to grow', async () => {
      const claim = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
      return claim?.status?.capacity?.['storage'] === '20Gi';
    });
    expect(condition(await bed.get(namespace, NAME), 'Ready')?.status).toBe('False');
    takeBack();
    await bed.until(namespace, NAME, 'on 1g', (addon) => isSettled(addon) && addon.status?.plan === '1g');
    const web = await bed.client.get(Deployment, at(namespace, 'web'));
    expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  test('changes of two addons of one app restart it once each, and never again', async () => {
    const namespace = await alone('two-addons');
    await withApp(bed, namespace, { plan: '512m' });
    const apps: InfluxAddonSpec['apps'] = [{ name: 'web', env: 'Inject' }];
    await bed.addon(namespace, 'other', { connection: { prefix: 'OTHER', alias: '' }, apps });
    await bed.until(namespace, 'other', 'ready', isSettled);
    const revision = async () =>
      (await bed.client.get(Deployment, at(namespace, 'web')))?.metadata.annotations?.[
        'deployment.kubernetes.io/revision'
      ];
    expect(await revision()).toBe('3');
    const larger = { spec: { plan: '1g' } };
    await Promise.all(
      [NAME, 'other'].map((name) =>
        bed.client.patch(InfluxAddon, at(namespace, name), larger, { type: 'merge' }),
      ),
    );
    for (const name of [NAME, 'other'])
      await bed.until(namespace, name, 'on 1g', (addon) => isSettled(addon) && addon.status?.plan === '1g');
    for (const name of [NAME, 'other']) await atRest(bed, namespace, name);
    const { metadata, spec } = (await bed.client.get(Deployment, at(namespace, 'web'))) ?? {};
    // Both in one rollout when they happen to come together.
    expect(['4', '5']).toContain(metadata?.annotations?.['deployment.kubernetes.io/revision']);
    for (const name of [NAME, 'other']) {
      const { revision: asked } = (await bed.get(namespace, name)).status?.apps?.[0] ?? {};
      expect(spec?.template.metadata?.annotations?.[`restarted-for.influxaddon.dev/${name}`]).toBe(asked);
    }
  });

  test('an upgrade whose server opens the data and then does not serve is told, cannot be taken back, and loses nothing', async () => {
    const namespace = await alone('broken-upgrade');
    await withApp(bed, namespace, { version: '1.7' });
    expect(await writePoint(bed, namespace, NAME, 'before')).toBe(true);
    const volume = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
    const takeBack = bed.kubelet.rule({
      match: (pod) =>
        pod.metadata.namespace === namespace && JSON.stringify(pod.spec).includes('influxdb:1.8.10'),
      behave: 'CrashLoop',
      message: 'panic: it cannot read this',
    });
    await edit(bed, namespace, { version: '1.8.10' });
    const broken = await bed.until(
      namespace,
      NAME,
      'degraded',
      (addon) => condition(addon, 'Ready')?.reason === 'Degraded',
    );
    expect(condition(broken, 'Ready')?.message).toMatch(
      /panic: it cannot read this.*1\.8\.10 may have opened the data.*1\.7\.11 cannot have it back/,
    );
    expect(condition(broken, 'Available')?.status).toBe('False');
    expect(broken.status?.version).toBe('1.7.11');
    const web = async () =>
      (await bed.client.get(Deployment, at(namespace, 'web')))?.metadata.annotations?.[
        'deployment.kubernetes.io/revision'
      ];
    expect(await web()).toBe('2');

    await edit(bed, namespace, { version: '1.7.11' });
    const refused = await bed.until(namespace, NAME, 'refused', isRefused);
    expect(condition(refused, 'Stalled')).toMatchObject({
      reason: 'DowngradeRefused',
      message: expect.stringContaining('1.8.10'),
    });
    const set = await bed.client.get(StatefulSet, at(namespace, 'my-app-influx'));
    expect(set?.spec?.template.spec?.containers[0]?.image).toBe('influxdb:1.8.10');
    await edit(bed, namespace, { version: '1.8.10' });
    takeBack();
    await bed.until(namespace, NAME, 'on 1.8.10', isSettled);
    expect(await hasPoint(bed, namespace, NAME, 'before')).toBe(true);
    const after = await bed.client.get(PersistentVolumeClaim, at(namespace, 'my-app-influx-data'));
    expect(after?.metadata.uid).toBe(volume?.metadata.uid);
    expect(await web()).toBe('3');
  });

  test('apps of every kind are restarted once for each change, one too that is named in the same edit', async () => {
    const namespace = await alone('every-kind');
    await bed.addon(namespace, NAME);
    await bed.until(namespace, NAME, 'ready', isReady);
    const kinds = [Deployment, StatefulSet, DaemonSet] as Kind<KubeObject>[];
    for (const kind of kinds) {
      const { metadata, spec: { replicas: _, ...spec } = {} } = appOf(namespace, kind.plural);
      const all = kind === StatefulSet ? { ...spec, serviceName: 'web' } : spec;
      await bed.client.create(kind, { metadata, spec: all } as KubeObject);
    }
    const generations = async () =>
      await Promise.all(
        kinds.map(
          async (kind) => (await bed.client.get(kind, at(namespace, kind.plural)))?.metadata.generation,
        ),
      );
    const apps: InfluxAddonSpec['apps'] = [
      { name: Deployment.plural },
      { kind: 'StatefulSet', name: StatefulSet.plural },
      { kind: 'DaemonSet', name: DaemonSet.plural, env: 'Inject' },
    ];
    await edit(bed, namespace, { tls, apps });
    const isCurrent = (addon: Awaited<ReturnType<OperatorBed['get']>>) =>
      isSettled(addon) && addon.status?.appsReady === '3/3';
    await bed.until(namespace, NAME, 'with TLS', isCurrent);
    expect(await generations()).toEqual([2, 2, 2]);
    await edit(bed, namespace, { plan: '1g' });
    await bed.until(namespace, NAME, 'on 1g', (addon) => isCurrent(addon) && addon.status?.plan === '1g');
    expect(await generations()).toEqual([3, 3, 3]);
    for (const each of (await bed.get(namespace, NAME)).status?.apps ?? [])
      expect(each.revision).toMatch(/\.2$/);
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
