import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Health, Row } from '../wire.ts';

/** An addon as a line of the list. Pure. */
export function rowOf(addon: Live<InfluxAddon>): Row {
  const { metadata, spec, status } = addon;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    id: status?.id,
    plan: status?.plan ?? spec.plan,
    version: status?.version ?? spec.version,
    status: conditionOf(addon, 'Ready')?.reason ?? 'New',
    health: healthOf(addon),
    apps: status?.appsReady,
    lastBackup: status?.backups?.last?.time,
  };
}

export function conditionOf({ status }: InfluxAddon, type: string) {
  return status?.conditions?.find((each) => each.type === type);
}

/** What somebody has to look at comes first: a database that is ready and cannot be reached is not well. */
export function healthOf(addon: Live<InfluxAddon>): Health {
  const is = (type: string, status: string): boolean => conditionOf(addon, type)?.status === status;
  if (is('Stalled', 'True') || conditionOf(addon, 'Ready')?.reason === 'Degraded') return 'Bad';
  if (stateOf(addon) === 'Stopped') return 'Off';
  if (is('Ready', 'True')) return is('Available', 'False') ? 'Bad' : 'Good';
  return 'Busy';
}
