import type { InfluxPlan, InfluxPlanSpec } from './influx-plan.ts';
import type { InfluxVersion } from './influx-version.ts';

// What a field of a catalogue entry means when it is absent is decided here and nowhere else.
export type Lifecycle = NonNullable<InfluxPlanSpec['lifecycle']>;

export function lifecycleOf({ spec }: Pick<InfluxPlan | InfluxVersion, 'spec'>): Lifecycle {
  return spec.lifecycle ?? 'Available';
}

/** The volume of a plan. An empty `className` is the cluster's default class. */
export function storageOf({ spec }: Pick<InfluxPlan, 'spec'>): Required<InfluxPlanSpec['storage']> {
  return {
    maxSize: spec.storage.size,
    className: '',
    accessMode: 'ReadWriteOncePod',
    encrypted: 'Unknown',
    ...spec.storage,
  };
}

export function isDefaultVersion({ spec }: Pick<InfluxVersion, 'spec'>): boolean {
  return spec.default ?? false;
}

/** The major whose data the version can take over from; undefined when it only knows its own. */
export function migratesFromMajorOf({ spec }: Pick<InfluxVersion, 'spec'>): number | undefined {
  return spec.migratesFromMajor ?? undefined;
}
