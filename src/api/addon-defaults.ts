import { createHash } from 'node:crypto';
import type { Affinity, Toleration } from 'kubernetes-types/core/v1.js';
import { Annotation } from './annotations.ts';
import type { InfluxAddon, InfluxAddonSpec } from './influx-addon.ts';

// What a field means when it is absent is decided here and nowhere else.
type Addon = Pick<InfluxAddon, 'metadata' | 'spec'>;
type Filled<K extends keyof InfluxAddonSpec> = NonNullable<InfluxAddonSpec[K]>;

/** The variable with the connection URL is `<prefix>_URL`. */
export function prefixOf({ spec }: Addon): string {
  return spec.connection?.prefix ?? 'SCALINGO_INFLUX';
}

/** The second variable is `<alias>_URL`; the empty string means that there is none. */
export function aliasOf({ spec }: Addon): string {
  return spec.connection?.alias ?? 'INFLUX';
}

/** Every `spec.connection` whose variables are among these keys. */
export function connectionsIn(
  keys: readonly string[],
): { readonly prefix: string; readonly alias: string }[] {
  const names = keys.filter((key) => key.endsWith('_URL')).map((key) => key.slice(0, -'_URL'.length));
  return names.flatMap((prefix) =>
    [...names.filter((name) => name !== prefix), ''].map((alias) => ({ prefix, alias })),
  );
}

/** Names of the variables that hold the connection URL, the prefix's first. */
export function variablesOf(addon: Addon): string[] {
  return [prefixOf(addon), aliasOf(addon)].filter((name) => name !== '').map((name) => `${name}_URL`);
}

export function stateOf({ spec }: Addon): Filled<'state'> {
  return spec.state ?? 'Running';
}

export function deletionPolicyOf({ spec }: Addon): Filled<'deletionPolicy'> {
  return spec.deletionPolicy ?? 'Retain';
}

export function deletionProtectionOf({ spec }: Addon): Filled<'deletionProtection'> {
  return spec.deletionProtection ?? 'Disabled';
}

export interface BoundApp {
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  name: string;
  env: 'FromSecret' | 'Inject';
  /** With Inject: the containers that get the variables; absent means all of them, init containers too. */
  containers?: string[];
}

export function appsOf({ spec }: Addon): BoundApp[] {
  return (spec.apps ?? []).map(({ kind = 'Deployment', env = 'FromSecret', ...app }) => ({
    ...app,
    kind,
    env,
  }));
}

export function tlsModeOf({ spec }: Addon): NonNullable<Filled<'tls'>['mode']> {
  return spec.tls?.mode ?? 'Disabled';
}

export function internetAccessOf({ spec }: Addon): Required<Filled<'internetAccess'>> {
  return {
    mode: 'Disabled',
    allowedCIDRs: [],
    hostnames: [],
    serviceAnnotations: {},
    ...spec.internetAccess,
  };
}

export function accessOf({ spec }: Addon): Required<Filled<'access'>> {
  return { policy: 'Namespace', from: [], ...spec.access };
}

export function retentionPoliciesOf({ spec }: Addon): Filled<'retentionPolicies'> {
  return spec.retentionPolicies ?? [];
}

/** `autogen` is the policy that the engine makes with a database. */
export function defaultRetentionPolicyOf({ spec }: Addon): string {
  return spec.defaultRetentionPolicy ?? 'autogen';
}

export function continuousQueriesOf({ spec }: Addon): Filled<'continuousQueries'> {
  return spec.continuousQueries ?? [];
}

export function usersOf({ spec }: Addon): Filled<'users'> {
  return spec.users ?? [];
}

export interface BackupSettings {
  /** Name of the InfluxBackupStore. */
  store: string;
  /** Hour (UTC) of the daily backup; absent when it is switched off. */
  dailyHour?: number;
  verify: 'Never' | 'Weekly';
  /** For one by hand beyond the quota, the oldest by hand goes. */
  rolling?: true;
}

/** How the addon is backed up; undefined without a store. */
export function backupsOf({ spec }: Addon): BackupSettings | undefined {
  if (!spec.backups) return undefined;
  const { storeRef, schedule: { mode = 'Enabled', hour = 0 } = {}, verify = 'Never', quota } = spec.backups;
  return {
    store: storeRef.name,
    verify,
    ...(mode === 'Enabled' ? { dailyHour: hour } : {}),
    ...(quota === 'Rolling' ? { rolling: true } : {}),
  };
}

export type Weekday = NonNullable<Filled<'maintenanceWindow'>['weekday']>;
/** In the order of ISO 8601. */
export const WEEKDAYS: readonly [Weekday, ...Weekday[]] = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
];

/** Weekday, hour (UTC) and length in hours. The weekday is drawn from the UID, so that a fleet spreads over the week. */
export function maintenanceWindowOf({ metadata, spec }: Addon): Required<Filled<'maintenanceWindow'>> {
  const draw = createHash('sha256')
    .update(metadata?.uid ?? '')
    .digest()
    .readUInt32BE(0);
  const weekday = WEEKDAYS[draw % WEEKDAYS.length] ?? WEEKDAYS[0];
  return { weekday, startHour: 21, durationHours: 8, ...spec.maintenanceWindow };
}

export function autoGrowOf({ spec }: Addon): NonNullable<Filled<'storage'>['autoGrow']> {
  return spec.storage?.autoGrow ?? 'Disabled';
}

/** In the shapes of a pod's spec. `affinity` and `priorityClassName` are absent when nothing was asked for. */
export interface Placement {
  nodeSelector: Record<string, string>;
  tolerations: Toleration[];
  affinity?: Affinity;
  priorityClassName?: string;
  podLabels: Record<string, string>;
  podAnnotations: Record<string, string>;
}

export function placementOf({ spec }: Addon): Placement {
  const { priorityClassName, affinity: asked, ...placement } = spec.placement ?? {};
  const affinity = affinityOf(asked);
  return {
    nodeSelector: {},
    tolerations: [],
    podLabels: {},
    podAnnotations: {},
    ...placement,
    ...(affinity === undefined ? {} : { affinity }),
    ...(priorityClassName ? { priorityClassName } : {}),
  };
}

/**
 * Without the kinds that ask for nothing; undefined when none is left. Only these two levels: further in, a selector
 * that is empty selects everything.
 */
function affinityOf(affinity: Affinity | undefined): Affinity | undefined {
  const kinds = Object.entries(affinity ?? {}).filter(([, rules]) =>
    Object.values(rules as object).some((rule) => !Array.isArray(rule) || rule.length > 0),
  );
  return kinds.length === 0 ? undefined : (Object.fromEntries(kinds) as Affinity);
}

export function isPaused({ metadata }: Addon): boolean {
  return metadata?.annotations?.[Annotation.paused] === 'true';
}
