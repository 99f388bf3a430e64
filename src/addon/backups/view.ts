import { type AddonBackups, type Backup } from '../world/world.ts';

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
