import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { type FactSources } from '../identity/settle.ts';
import { recordedInForce } from '../identity/record.ts';
import { type Facts, type InForce } from '../world/facts.ts';
import { childNames } from '../world/names.ts';

/**
 * Name of the claim that the database is on. The first is named after the addon; a restore brings another, which is
 * recorded with everything else that is in force before the StatefulSet mounts it.
 */
export function claimInForce(
  addon: Pick<Live<InfluxAddon>, 'metadata' | 'status'>,
  records: Pick<FactSources, 'adminSecret' | 'statefulSet'>,
): string {
  const recorded = recordedInForce(records.adminSecret, records.statefulSet);
  const claim = recorded === undefined ? addon.status?.storage?.claim : recorded.claim;
  return claim ?? childNames(addon.metadata.name).claim;
}

/** Name of the claim that a pod of a database has mounted. */
export function mountedClaim(pod: Live<Pod> | undefined): string | undefined {
  return pod?.spec?.volumes?.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName;
}

/** The target on the volume that is in force, or on that of a restore that is whole and waits to be switched to. */
export function onVolume(
  target: InForce,
  facts: Pick<Facts, 'inForce'>,
  restores: readonly Live<InfluxRestore>[],
  kept: string | undefined,
): InForce {
  const { claim: _, ...rest } = target;
  const ready = restores.find(isToBeSwitchedTo)?.status?.claim;
  const claim = ready ?? (facts.inForce === undefined ? kept : facts.inForce.claim);
  return claim === undefined ? rest : { ...rest, claim };
}

/** Its data is whole on a volume of its own, and the database is not known to run on it yet. */
function isToBeSwitchedTo({ status, metadata }: Live<InfluxRestore>): boolean {
  return (
    status?.restoredAt !== undefined &&
    status.claim !== undefined &&
    status.completedAt === undefined &&
    status.failedAt === undefined &&
    !isInitial({ metadata })
  );
}

/** It fills the volume of a new addon, which made it: there is nothing to switch. */
export function isInitial({ metadata }: Pick<Live<InfluxRestore>, 'metadata'>): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === 'InfluxAddon') ?? false;
}
