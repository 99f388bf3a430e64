import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { Live } from '../../kube/objects/types.ts';

export type Backup = Live<InfluxBackup>;

/** What an addon looks at of its backups. */
export interface AddonBackups {
  /** All that name the addon, of its database or of one before it. */
  readonly all: readonly Backup[];
  /** Whether the InfluxBackupStore that the spec names is there. */
  readonly storeExists: boolean;
}

export const NO_BACKUPS: AddonBackups = { all: [], storeExists: false };

/** Whole ones of this database, the newest last. */
export function wholeOf({ all }: AddonBackups, id: string | undefined): Backup[] {
  return all
    .filter(({ status }) => status?.completedAt !== undefined && status.expiredAt === undefined)
    .filter(({ status }) => id !== undefined && status?.addon?.id === id)
    .toSorted((a, b) => startOf(a) - startOf(b));
}

/** When the data that is in it was read, milliseconds since the epoch. */
export function startOf({ status }: Backup): number {
  return Date.parse(status?.startedAt ?? status?.completedAt ?? '') || 0;
}

/** Ready's message of one that is not whole: what it waits for, or why it failed. */
export function messageOf({ status }: Backup): string {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'it has not begun yet';
}
