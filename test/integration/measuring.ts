import { PersistentVolumeClaim } from '../../src/kube/objects/kinds.ts';
import type { Database } from '../cluster/fakes/engine/state.ts';
import { eventually } from './children.ts';
import type { OperatorBed } from './operator-bed.ts';

export const GiB = 2 ** 30;

/** Settings of an operator that measures databases a few times in the second: tests wait for it. */
export const OFTEN = { measureEveryMs: 100 };

/** The claim of the addon my-app. */
export async function dataClaim(bed: OperatorBed, namespace: string) {
  return await bed.client.get(PersistentVolumeClaim, { namespace, name: 'my-app-influx-data' });
}

/** What the fake engine holds for the addon my-app. */
export async function databaseOf(bed: OperatorBed, namespace: string): Promise<Database> {
  const { id = '' } = (await bed.get(namespace, 'my-app')).status ?? {};
  const volume = (await dataClaim(bed, namespace))?.metadata.uid ?? '';
  const found = bed.kubelet.engine.state(volume).databases.get(id);
  if (found === undefined) throw new Error('there is no database');
  return found;
}

/** Resolves when its database was measured twice from now on: one of these began after the call. */
export async function measuredAgain(bed: OperatorBed, namespace: string): Promise<void> {
  const volume = (await dataClaim(bed, namespace))?.metadata.uid;
  const measured = () =>
    bed.kubelet.engine
      .requests()
      .filter(({ path, storageKey }) => path === '/debug/vars' && storageKey === volume).length;
  const before = measured();
  await eventually('two measurements', async () => measured() >= before + 2);
}
