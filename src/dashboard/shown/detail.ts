import {
  backupsOf,
  defaultRetentionPolicyOf,
  internetAccessOf,
  isPaused,
  maintenanceWindowOf,
  stateOf,
  tlsModeOf,
  usersOf,
  variablesOf,
} from '../../api/addon-defaults.ts';
import { userSecretName } from '../../addon/world/names.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { Event } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { rowOf } from './rows.ts';
import type { Tool } from '../visitor.ts';
import type { BackupLine, Detail, EventLine, PolicyLine, RestoreLine, UserLine } from '../wire.ts';

/** An addon as its own page shows it, without a secret. Pure. */
export function detailOf(addon: Live<InfluxAddon>, tool: Tool, now: Date): Detail {
  const { metadata, spec, status } = addon;
  const internet = internetAccessOf(addon);
  return {
    ...rowOf(addon),
    uid: metadata.uid,
    wantedPlan: spec.plan,
    wantedVersion: spec.version,
    stopped: stateOf(addon) === 'Stopped',
    paused: isPaused(addon),
    maskedUrl: maskedUrl(addon),
    variables: variablesOf(addon),
    conditions: (status?.conditions ?? []).map((each) => ({
      type: each.type,
      status: each.status,
      reason: each.reason,
      message: each.message,
      since: each.lastTransitionTime,
    })),
    settings: tool.settings(addon, now).filter((each): each is [string, string] => each[1] !== undefined),
    tls: tlsModeOf(addon),
    internet: { mode: internet.mode, ranges: internet.allowedCIDRs },
    window: maintenanceWindowOf(addon),
    store: backupsOf(addon)?.store,
    users: users(addon),
    policies: policies(addon),
    upgrades: status?.availableUpgrades ?? [],
    pending: (status?.maintenance?.pending ?? []).map(({ what }) => what),
  };
}

/** What the Secret has, but for the password: made from what is no secret, so that nothing has to be masked. */
function maskedUrl({ status }: InfluxAddon): string | undefined {
  const { endpoint, id, user = id, urlSecret } = status ?? {};
  if (endpoint === undefined || id === undefined || urlSecret === undefined) return undefined;
  return `${endpoint.replace('://', `://${user}:********@`)}/${id}`;
}

function users(addon: Live<InfluxAddon>): UserLine[] {
  const listed = usersOf(addon).map(({ name, access }) => ({
    name,
    access: access ?? 'Read',
    listed: true,
    secret: userSecretName(addon.metadata.name, name),
  }));
  const names = new Set(listed.map(({ name }) => name));
  // Of a listed user there may be a second login for a while, when credentials have been changed.
  const found = (addon.status?.users ?? []).filter(({ name, listed: ours }) => !names.has(name) && !ours);
  const others = found.map(({ name, administrator }) => ({
    name,
    access: administrator === true ? 'administrator' : 'its own',
    listed: false,
  }));
  return [...listed, ...others];
}

function policies(addon: Live<InfluxAddon>): PolicyLine[] {
  const standard = defaultRetentionPolicyOf(addon);
  const line = (
    { name, duration, shardDuration }: Omit<PolicyLine, 'listed' | 'default'>,
    listed: boolean,
  ) => ({
    name,
    duration,
    shardDuration,
    default: name === standard,
    listed,
  });
  const wanted = addon.spec.retentionPolicies ?? [];
  const names = new Set(wanted.map(({ name }) => name));
  const found = (addon.status?.retentionPolicies ?? []).filter(({ name }) => !names.has(name));
  return [...wanted.map((each) => line(each, true)), ...found.map((each) => line(each, false))];
}

/** Newest first. */
export function backupLines(
  backups: Iterable<Live<InfluxBackup>>,
  addon: Live<InfluxAddon>,
  tool: Tool,
): BackupLine[] {
  return [...backups]
    .filter(
      ({ spec, status }) => spec.addonRef.name === addon.metadata.name || isOf(status?.addon?.id, addon),
    )
    .map((backup) => {
      const { metadata, spec, status } = backup;
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      return {
        name: metadata.name,
        kind: spec.kind ?? 'Manual',
        status: ready?.reason ?? 'New',
        message: ready?.status === 'True' ? undefined : ready?.message,
        restorable: ready?.status === 'True',
        size: status?.size,
        verified: status?.verified,
        at: status?.completedAt ?? metadata.creationTimestamp,
        download: tool.download(backup),
      };
    })
    .toSorted((a, b) => (b.at ?? '').localeCompare(a.at ?? '') || a.name.localeCompare(b.name));
}

function isOf(id: string | undefined, { status }: InfluxAddon): boolean {
  return id !== undefined && id === status?.id;
}

export function restoreLines(restores: Iterable<Live<InfluxRestore>>, name: string): RestoreLine[] {
  return [...restores]
    .filter(({ spec }) => spec.addonRef.name === name)
    .toSorted((a, b) => made(b).localeCompare(made(a)))
    .map(({ metadata, spec, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      const words = ready?.message;
      return {
        name: metadata.name,
        backup: spec.backupRef.name,
        status: ready?.reason ?? 'New',
        message: words,
      };
    });
}

/** The newest so many of an object, newest first. */
export function eventLines(events: Iterable<Live<Event>>, most = 30): EventLine[] {
  return [...events]
    .map(({ metadata, type, reason, note, eventTime, series, deprecatedLastTimestamp, deprecatedCount }) => ({
      key: metadata.uid,
      at:
        series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '',
      type: type ?? 'Normal',
      reason: reason ?? '',
      note: note ?? '',
      times: series?.count ?? deprecatedCount ?? 1,
    }))
    .toSorted((a, b) => b.at.localeCompare(a.at))
    .slice(0, most);
}

function made({ metadata }: Live<InfluxRestore>): string {
  return metadata.creationTimestamp ?? '';
}
