import { describe, expect, test } from 'vitest';
import { plans } from '../../src/api/catalogue.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxPlan } from '../../src/api/kinds.ts';
import { Pod, type Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { eventually } from './children.ts';
import { databaseOf, dataClaim, GiB, measuredAgain, OFTEN } from './measuring.ts';
import { condition, isReady, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { writePoint } from './points.ts';
import { atRest } from './rest.ts';
import { ONLY_LABEL } from './scoped.ts';
import { withOperatorBed } from './with-bed.ts';

const NAME = 'my-app';
const GROWING: Partial<InfluxAddonSpec> = { storage: { autoGrow: 'Enabled' } };

let bed: OperatorBed;
withOperatorBed(
  (started) => {
    bed = started;
  },
  { keep: 'File' },
);

type Addon = Awaited<ReturnType<OperatorBed['get']>>;

/** A database that is ready, in a namespace with an operator of its own that measures it often. */
async function ready(name: string, spec: Partial<InfluxAddonSpec> = {}): Promise<string> {
  const namespace = await bed.namespace(name);
  await bed.startOperator({ only: namespace, settings: OFTEN });
  await bed.addon(namespace, NAME, spec);
  await bed.ready(namespace, NAME);
  await untilMeasuredAgain(namespace);
  await atRest(bed, namespace, NAME);
  return namespace;
}

async function pod(namespace: string) {
  return (await bed.client.get(Pod, { namespace, name: `${NAME}-influx-0` }))?.metadata.uid;
}

/** So much of a volume of 10Gi, beside what is written. */
async function fill(namespace: string, bytes: number): Promise<void> {
  (await databaseOf(bed, namespace)).ballastBytes = bytes;
}

const untilMeasuredAgain = (namespace: string) => measuredAgain(bed, namespace);
const count = (writes: string[], what: string) => writes.filter((each) => each === what).length;
const grownTo = (size: string) => (addon: Addon) => addon.status?.storage?.actual === size;
const says = (type: string, status: string) => (addon: Addon) => condition(addon, type)?.status === status;

describe.concurrent('limits of a plan', () => {
  test('a volume that is filling grows by one write and two of status, and then nothing is written', async () => {
    const namespace = await ready('grows', GROWING);
    const before = await pod(namespace);
    const since = Date.now();
    await fill(namespace, 7.5 * GiB);
    const grown = await bed.until(namespace, NAME, 'grown', grownTo('12Gi'));
    expect(isReady(grown)).toBe(true);
    expect(condition(grown, 'StorageFilling')).toBeUndefined();
    await untilMeasuredAgain(namespace);
    const writes = await bed.writes(namespace, since);
    expect(count(writes, 'update persistentvolumeclaims'), writes.join(', ')).toBe(1);
    expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(3);
    expect(await pod(namespace)).toBe(before);

    const quiet = Date.now();
    await untilMeasuredAgain(namespace);
    expect(await bed.writes(namespace, quiet)).toEqual([]);
  });

  test('a volume that may not grow is told of once, and no longer when there is room again', async () => {
    const namespace = await ready('may-not');
    const since = Date.now();
    await fill(namespace, 7.5 * GiB);
    const filling = await bed.until(namespace, NAME, 'filling', says('StorageFilling', 'True'));
    expect(condition(filling, 'StorageFilling')?.message).toContain(
      'Set spec.storage.autoGrow to Enabled (up to 20Gi)',
    );
    expect(isReady(filling)).toBe(true);
    await untilMeasuredAgain(namespace);
    await fill(namespace, 7.6 * GiB);
    await untilMeasuredAgain(namespace);
    expect(await bed.writes(namespace, since)).toEqual(['patch influxaddons/status']);

    await fill(namespace, GiB);
    await bed.until(namespace, NAME, 'not filling', says('StorageFilling', 'False'));
    // The same volume under a larger plan is told of as it is then.
    await fill(namespace, 7.5 * GiB);
    await bed.until(namespace, NAME, 'filling', says('StorageFilling', 'True'));
    const key = { namespace, name: NAME };
    await bed.client.patch(InfluxAddon, key, { spec: { plan: '1g' } }, { type: 'merge' });
    const larger = await bed.until(
      namespace,
      NAME,
      'larger',
      (addon) => grownTo('20Gi')(addon) && isReady(addon),
    );
    expect(condition(larger, 'StorageFilling')?.status).toBe('False');
  });

  test('a class whose volumes do not grow is told of, and not asked', async () => {
    const base = plans.find(({ metadata }) => metadata?.name === '512m');
    if (base === undefined) throw new Error('no plan 512m');
    const storage = { ...base.spec.storage, className: 'fake-fixed' };
    await bed.client.create(InfluxPlan, {
      metadata: { name: 'fixed', labels: { [ONLY_LABEL]: 'fixed-class' } },
      spec: { ...base.spec, storage },
    });
    const namespace = await ready('fixed-class', { ...GROWING, plan: 'fixed' });
    const since = Date.now();
    await fill(namespace, 7.5 * GiB);
    const filling = await bed.until(namespace, NAME, 'filling', says('StorageFilling', 'True'));
    expect(condition(filling, 'StorageFilling')?.message).toContain(
      'Its storage class does not let volumes grow',
    );
    expect(isReady(filling)).toBe(true);
    await untilMeasuredAgain(namespace);
    const asked = await bed.plane.auditEntries({ user: OPERATOR_USER, since });
    const claims = asked.filter(
      (each) => each.namespace === namespace && each.resource === 'persistentvolumeclaims',
    );
    expect(claims.filter(({ verb }) => verb === 'update')).toEqual([]);
  });

  test('a quota that is in the way of a growth is told of, and the database is as ready as before', async () => {
    const namespace = await ready('quota', GROWING);
    const quotas = {
      group: '',
      version: 'v1',
      plural: 'resourcequotas',
      kind: 'ResourceQuota',
      namespaced: true,
    } as Kind<KubeObject & { status?: { used?: Record<string, string> } }>;
    const quota = { metadata: { namespace, name: 'disks' }, spec: { hard: { 'requests.storage': '11Gi' } } };
    await bed.client.create(quotas, quota as KubeObject);
    await eventually('the quota to be counted', async () => {
      const { status } = (await bed.client.get(quotas, { namespace, name: 'disks' })) ?? {};
      return status?.used?.['requests.storage'] === '10Gi';
    });
    await fill(namespace, 7.5 * GiB);
    const refused = await bed.until(namespace, NAME, 'filling', says('StorageFilling', 'True'));
    expect(condition(refused, 'StorageFilling')?.message).toContain('exceeded quota: disks');
    expect(isReady(refused)).toBe(true);
    expect(condition(refused, 'Stalled')?.status).toBe('False');
  });

  test('too many series are told with what they are, after a bounded number of questions', async () => {
    const namespace = await ready('series');
    for (const point of ['cpu,host=a', 'requests,host=a,request_id=1', 'requests,host=a,request_id=2'])
      expect(await writePoint(bed, namespace, NAME, point)).toBe(true);
    await untilMeasuredAgain(namespace);
    const since = Date.now();
    (await databaseOf(bed, namespace)).ballastSeries = 45_000;
    const many = await bed.until(namespace, NAME, 'told', says('CardinalityHigh', 'True'));
    expect(condition(many, 'CardinalityHigh')).toMatchObject({ reason: 'SeriesNearLimit' });
    const message = condition(many, 'CardinalityHigh')?.message;
    expect(message).toContain('measurement "requests" by the values of its tag "request_id"');
    expect(message).toContain('set spec.plan to 1g (100000 series)');
    await untilMeasuredAgain(namespace);
    const volume = (await dataClaim(bed, namespace))?.metadata.uid;
    const asked = bed.kubelet.engine
      .requests()
      .filter(({ storageKey }) => storageKey === volume)
      .filter(({ statements }) => /CARDINALITY|TAG KEYS/.test(statements.join()));
    expect(asked.map(({ statements }) => statements.join().split(' ON ')[0])).toEqual([
      'SHOW MEASUREMENT CARDINALITY',
      'SHOW SERIES EXACT CARDINALITY',
      'SHOW TAG KEYS',
      'SHOW TAG VALUES CARDINALITY',
      'SHOW TAG VALUES CARDINALITY',
    ]);
    expect(bed.kubelet.engine.unknownStatements).toEqual([]);
    expect(await bed.writes(namespace, since)).toEqual(['patch influxaddons/status']);

    (await databaseOf(bed, namespace)).ballastSeries = 0;
    await bed.until(namespace, NAME, 'not told', says('CardinalityHigh', 'False'));
  });

  test('a database that was killed for its memory is told of until its plan has more', async () => {
    const namespace = await ready('memory');
    const before = await pod(namespace);
    await bed.kubelet.restartContainer(namespace, `${NAME}-influx-0`);
    const killed = await bed.until(
      namespace,
      NAME,
      'told',
      (addon) => says('MemoryExhausted', 'True')(addon) && isReady(addon),
    );
    expect(condition(killed, 'MemoryExhausted')?.message).toContain('set spec.plan to 1g (1Gi)');
    expect(await pod(namespace)).toBe(before);
    await bed.client.patch(
      InfluxAddon,
      { namespace, name: NAME },
      { spec: { plan: '1g' } },
      { type: 'merge' },
    );
    const larger = await bed.until(
      namespace,
      NAME,
      'larger',
      (addon) => addon.status?.plan === '1g' && isReady(addon),
    );
    expect(condition(larger, 'MemoryExhausted')?.status).toBe('False');
  });
});
