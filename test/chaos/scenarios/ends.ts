import { InfluxAddon } from '../../../src/api/kinds.ts';
import { StatefulSet } from '../../../src/kube/objects/kinds.ts';
import { ADDON, type Stage } from '../lab/stage.ts';

function condition(stage: Stage, type: string) {
  const addon = stage.seen(InfluxAddon, ADDON);
  if (addon?.status?.observedGeneration !== addon?.metadata.generation) return undefined;
  return addon?.status?.conditions?.find((each) => each.type === type);
}

/** What `kubectl get` shows in the column STATUS, once it is about the spec that is asked for. */
export const readyReason = (stage: Stage): string | undefined => condition(stage, 'Ready')?.reason;

export const isRefused = (stage: Stage): boolean => condition(stage, 'Stalled')?.status === 'True';

export const isPending = (stage: Stage): boolean => condition(stage, 'MaintenancePending')?.status === 'True';

/** The addon is gone, and with it everything that it owned. */
export function nothingOwned(stage: Stage): boolean {
  const objects = [...stage.lab.recorder.objects(stage.namespace).values()];
  return !objects.some(
    ({ kind, metadata }) =>
      kind === 'InfluxAddon' ||
      metadata.name === `${ADDON}-influx-0` ||
      metadata.ownerReferences?.some((owner) => owner.kind === 'InfluxAddon'),
  );
}

/** What the database may use. */
export function memoryOf(stage: Stage): string | undefined {
  const set = stage.seen(StatefulSet, `${ADDON}-influx`);
  return set?.spec?.template.spec?.containers[0]?.resources?.limits?.['memory'];
}
