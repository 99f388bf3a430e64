import type { Memories } from '../addon/observe/memories.ts';
import type { Stores } from '../addon/observe/stores.ts';
import { childNames } from '../addon/world/names.ts';
import { offerOf } from '../addon/wish/plan-offers.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import { isQuantity, unitsOf } from '../kube/objects/quantity.ts';
import type { Live } from '../kube/objects/types.ts';
import { diskUsed } from '../limits/storage.ts';
import type { AddonFigures } from '../telemetry/addon-metrics.ts';

/** What the operator knows of each addon, for its metrics. */
export function* addonFigures(
  stores: Pick<Stores, 'addons' | 'claims' | 'plans'>,
  memories: Memories,
): Generator<AddonFigures> {
  for (const addon of stores.addons.list()) yield figuresOf(addon, stores, memories);
}

function figuresOf(
  addon: Live<InfluxAddon>,
  stores: Pick<Stores, 'claims' | 'plans'>,
  memories: Memories,
): AddonFigures {
  const { name, namespace = '', uid } = addon.metadata;
  const { status } = addon;
  const measured = memories.get(uid).measured;
  const plan = stores.plans.get(status?.plan ?? '');
  const offer = plan === undefined ? undefined : offerOf(plan);
  // After a restore another: the records of what is in force are too dear for each scrape.
  const claim = stores.claims.get(`${namespace}/${status?.storage?.claim ?? childNames(name).claim}`);
  const capacity = claim?.status?.capacity?.['storage'];
  const notAfter = status?.certificate?.notAfter;
  return {
    namespace,
    name,
    inForce: inForceOf(addon),
    ready: isTrue(addon, 'Ready'),
    available: isTrue(addon, 'Available'),
    backupsHealthy: isTrue(addon, 'BackupsHealthy'),
    series: measured?.figures?.series,
    seriesLimit: offer?.series,
    dataBytes: measured?.figures?.dataBytes,
    diskUsedBytes: measured?.figures === undefined ? undefined : diskUsed(measured.figures),
    volumeBytes: isQuantity(capacity) ? unitsOf(capacity) : undefined,
    heapBytes: measured?.figures?.heapBytes,
    memoryLimitBytes: offer?.memoryBytes,
    certificateExpiry: notAfter === undefined ? undefined : Date.parse(notAfter) / 1000,
    measuredAt: measured?.figuresMs === undefined ? undefined : measured.figuresMs / 1000,
  };
}

function inForceOf({ status }: Live<InfluxAddon>): AddonFigures['inForce'] {
  if (status?.plan === undefined) return undefined;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return { plan: status.plan, version: status.version ?? '', status: ready?.reason ?? 'Unknown' };
}

function isTrue({ status }: Live<InfluxAddon>, type: string): boolean | undefined {
  const condition = status?.conditions?.find((each) => each.type === type);
  return condition === undefined ? undefined : condition.status === 'True';
}
