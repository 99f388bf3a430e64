import type { Stores } from '../addon/observe/stores.ts';
import type { InfluxBackupStatus } from '../api/influx-backup.ts';
import type { BackupFigures } from '../telemetry/backup-metrics.ts';

/** The figures of every addon that has a backup, from what the caches hold. */
export function backupFigures(stores: Pick<Stores, 'backups'>): BackupFigures[] {
  const groups = new Map<string, { namespace: string; addon: string; statuses: InfluxBackupStatus[] }>();
  for (const { metadata, spec, status } of stores.backups.list()) {
    const { namespace = '' } = metadata;
    const addon = spec.addonRef.name;
    const key = `${namespace}/${addon}`;
    const group = groups.get(key) ?? { namespace, addon, statuses: [] };
    group.statuses.push(status ?? {});
    groups.set(key, group);
  }
  return [...groups.values()].map(({ namespace, addon, statuses }) => {
    const whole = statuses.filter(
      // What somebody else made is no success of ours.
      ({ completedAt, expiredAt, source, sourceSecret }) =>
        completedAt !== undefined && expiredAt === undefined && (source ?? sourceSecret) === undefined,
    );
    const last = whole.toSorted((a, b) => at(a.completedAt) - at(b.completedAt)).at(-1);
    const verified = Math.max(...whole.map(({ restorable }) => at(restorable?.at)), 0);
    const failed = statuses.filter(({ failedAt }) => failedAt !== undefined).length;
    return {
      namespace,
      addon,
      lastSuccess: last && at(last.completedAt),
      lastBytes: last?.bytes,
      lastDurationSeconds: last && Math.max(0, at(last.completedAt) - at(last.startedAt)),
      lastVerified: verified > 0 ? verified : undefined,
      whole: whole.length,
      failed,
      underWay:
        statuses.length - failed - statuses.filter(({ completedAt }) => completedAt !== undefined).length,
    };
  });
}

/** Seconds since the epoch; 0 for what is no time. */
function at(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isFinite(ms) ? ms / 1000 : 0;
}
