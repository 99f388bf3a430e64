import type { InfluxAddonSpec } from './influx-addon.ts';

/** A field of the contract that a later release acts on. */
export interface NotImplementedField {
  /** Path of the field; with ` = value` when only that value is meant. */
  readonly field: string;
  /** Whether the spec asks for it: what it would have by default anyway does not count. */
  readonly applies: (spec: InfluxAddonSpec) => boolean;
}

/** The one list of what is accepted but not acted on yet. An addon that asks for any of it says so in a condition. */
export const notImplementedFields: readonly NotImplementedField[] = [];

/** The fields that this addon asks for and this release does not act on. */
export function notImplemented(spec: InfluxAddonSpec): string[] {
  return notImplementedFields.filter(({ applies }) => applies(spec)).map(({ field }) => field);
}
