import { expect } from 'vitest';
import { plans } from '../../../src/api/catalogue.ts';
import { InfluxAddon, InfluxPlan, InfluxVersion } from '../../../src/api/kinds.ts';
import { Deployment, StatefulSet } from '../../../src/kube/objects/kinds.ts';
import { at, isSettled, NAME, podUid, withApp } from '../changing.ts';
import { condition } from '../operator-bed.ts';
import { ONLY_LABEL } from '../scoped.ts';
import type { Scene, Sweep } from './sweep.ts';

const MEMORY = '600Mi';
/** Versions are of the whole cluster, so each round has a patch of its own. */
let patches = 11;

/** A newer patch and an edited plan, asked for now: one restart of the database, then one of the app. */
export const maintenance: Sweep = {
  name: 'a maintenance',
  prepare: async (scene) => {
    const { bed, namespace } = scene;
    const metadata = { labels: { [ONLY_LABEL]: namespace } };
    const plan = plans.find(({ metadata: each }) => each?.name === '512m');
    if (plan === undefined) throw new Error('the catalogue has no plan 512m');
    await bed.client.create(InfluxPlan, { ...plan, metadata: { ...metadata, name: namespace } });
    await withApp(bed, namespace, { version: '1.7', plan: namespace });
    const pod = await podUid(bed, namespace);

    patches += 1;
    const version = `1.7.${patches}`;
    const spec = { image: `influxdb:${version}` };
    await bed.client.create(InfluxVersion, { metadata: { ...metadata, name: version }, spec });
    await bed.client.patch(InfluxPlan, { name: namespace }, { spec: { memory: MEMORY } }, { type: 'merge' });
    await bed.until(namespace, NAME, 'pending', ({ status }) => status?.maintenance?.pending?.length === 2);
    const annotations = { 'influxaddon.dev/maintain-now': 'now' };
    return {
      act: () =>
        bed.client.patch(InfluxAddon, at(namespace, NAME), { metadata: { annotations } }, { type: 'merge' }),
      done: () =>
        bed.until(
          namespace,
          NAME,
          'maintained',
          (addon) =>
            isSettled(addon) &&
            condition(addon, 'MaintenancePending')?.status === 'False' &&
            addon.status?.version === version,
        ),
      check: () => expectMaintained(scene, pod),
    };
  },
};

async function expectMaintained({ bed, namespace }: Scene, podBefore: string): Promise<void> {
  const set = await bed.client.get(StatefulSet, at(namespace, `${NAME}-influx`));
  expect(set?.metadata.generation).toBe(2);
  expect(set?.spec?.template.spec?.containers[0]?.resources?.limits?.['memory']).toBe(MEMORY);
  expect(await podUid(bed, namespace)).not.toBe(podBefore);
  const web = await bed.client.get(Deployment, at(namespace, 'web'));
  expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  const { status } = await bed.get(namespace, NAME);
  expect(status?.maintenance?.startedAt).toBeUndefined();
  expect(status?.lastHandled?.maintainNow).toBe('now');
}
