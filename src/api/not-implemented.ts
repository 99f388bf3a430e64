import type { InfluxAddonSpec } from './influx-addon.ts';

/** A field of the contract that a later release acts on. */
export interface NotImplementedField {
  /** Path of the field; with ` = value` when only that value is meant. */
  readonly field: string;
  /** Whether the spec asks for it: what it would have by default anyway does not count. */
  readonly applies: (spec: InfluxAddonSpec) => boolean;
}

/** The one list of what is accepted but not acted on yet. An addon that asks for any of it says so in a condition. */
export const notImplementedFields: readonly NotImplementedField[] = [
  {
    field: 'spec.internetAccess',
    applies: ({ internetAccess }) => (internetAccess?.mode ?? 'Disabled') !== 'Disabled',
  },
  { field: 'spec.retentionPolicies', applies: ({ retentionPolicies }) => isFilled(retentionPolicies) },
  {
    field: 'spec.defaultRetentionPolicy',
    applies: ({ defaultRetentionPolicy }) => (defaultRetentionPolicy ?? 'autogen') !== 'autogen',
  },
  { field: 'spec.continuousQueries', applies: ({ continuousQueries }) => isFilled(continuousQueries) },
  { field: 'spec.users', applies: ({ users }) => isFilled(users) },
  { field: 'spec.backups', applies: ({ backups }) => backups !== undefined },
  { field: 'spec.restoreFrom', applies: ({ restoreFrom }) => restoreFrom !== undefined },
  { field: 'spec.storage.autoGrow = Enabled', applies: ({ storage }) => storage?.autoGrow === 'Enabled' },
  { field: 'spec.deletionPolicy = Backup', applies: ({ deletionPolicy }) => deletionPolicy === 'Backup' },
];

/** The fields that this addon asks for and this release does not act on. */
export function notImplemented(spec: InfluxAddonSpec): string[] {
  return notImplementedFields.filter(({ applies }) => applies(spec)).map(({ field }) => field);
}

function isFilled(list: readonly unknown[] | undefined): boolean {
  return (list?.length ?? 0) > 0;
}
