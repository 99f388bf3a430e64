import { backupsOf } from '../../api/addon-defaults.ts';
import { decideKeeping, type Held, type Keeping } from '../../backup/keep.ts';
import type { TaskAction } from '../decision/action.ts';
import { kindOf, phaseOf, statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_EVENT, BACKUP_REASON } from '../decision/reasons.ts';
import { rfc3339 } from '../../api/time.ts';
import type { BackupsWorld } from '../world/world.ts';

const DAY_MS = 86_400_000;
/** A failed one of the operator's own is of use for so long: to see when it began to fail. */
const FAILED_DAYS = 7;

/** The next change of what is known about when backups go, and when that changes next by itself. */
export function expiryStep(
  world: BackupsWorld,
  now: Date,
): { action: TaskAction | undefined; wakeMs: number | undefined } {
  const wakes: number[] = [];
  const failed = failedStep(world, now, wakes);
  if (failed !== undefined) return { action: failed, wakeMs: undefined };
  for (const [id, group] of byDatabase(world)) {
    const { addon, planClass } = world;
    // A plan that nobody knows any more decides nothing.
    if (addon?.status?.id === id && planClass === undefined) continue;
    const current = addon?.status?.id === id ? planClass : undefined;
    const keeping = decideKeeping(group.map(heldOf), current, now, addon && backupsOf(addon)?.rolling);
    for (const backup of group) {
      const verdict = keeping.get(backup.metadata.name);
      // Its time has come, and somebody still reads it: whoever ends that is heard of.
      if (verdict?.keep === false && world.isNeeded(backup.metadata.name)) continue;
      const action = verdict && told(backup, verdict, now);
      if (action !== undefined) return { action, wakeMs: undefined };
      if (verdict?.expiresAt !== undefined) wakes.push(verdict.expiresAt.getTime() - now.getTime());
    }
  }
  return { action: undefined, wakeMs: wakes.length === 0 ? undefined : Math.min(...wakes) };
}

/** Whole ones that this cluster took, by the database they are of: another cluster's are its own to keep. */
function byDatabase({ backups, cluster }: BackupsWorld): Map<string, Backup[]> {
  const groups = new Map<string, Backup[]>();
  for (const backup of backups) {
    const { location } = backup.status ?? {};
    const leaving = backup.metadata.deletionTimestamp !== undefined;
    if (location === undefined || location.cluster !== cluster || leaving || phaseOf(backup) !== 'Completed')
      continue;
    groups.set(location.addonId, [...(groups.get(location.addonId) ?? []), backup]);
  }
  return groups;
}

function heldOf(backup: Backup): Held {
  const { status } = backup;
  const expiresAt = status?.expiresAt;
  return {
    name: backup.metadata.name,
    kind: kindOf(backup),
    takenAt: new Date(status?.startedAt ?? status?.completedAt ?? 0),
    planClass: status?.addon?.class === 'Starter' ? 'Starter' : 'Business',
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
  };
}

function told(backup: Backup, keeping: Keeping, now: Date): TaskAction | undefined {
  const present = backup.status?.conditions?.find(({ type }) => type === 'Ready');
  const standing = {
    ready: true,
    stalled: false,
    reason: BACKUP_REASON.completed as string,
    message: present?.message ?? '',
  };
  if (!keeping.keep) return gone(backup, keeping.why, now);
  if (keeping.expiresAt === undefined) {
    if (backup.status?.expiresAt === undefined) return undefined;
    return statusAction(backup, { expiresAt: undefined, expiry: undefined }, standing, now);
  }
  const expiresAt = rfc3339(keeping.expiresAt);
  if (backup.status?.expiresAt === expiresAt) return undefined;
  const expiry = `${expiresAt.slice(0, 10)}: ${keeping.why}`;
  const note = `It is deleted at ${expiresAt}: ${keeping.why}. Copy it away if you want to keep it.`;
  const events = [{ type: 'Warning' as const, reason: BACKUP_EVENT.expiring, note }];
  return statusAction(backup, { expiresAt, expiry }, standing, now, events);
}

function gone(backup: Backup, why: string, now: Date): TaskAction | undefined {
  const message = `It is deleted: ${why}.`;
  const standing = { ready: false, stalled: false, reason: BACKUP_REASON.expiring, message };
  const events = [{ type: 'Normal' as const, reason: BACKUP_EVENT.expired, note: message }];
  return statusAction(backup, { expiredAt: rfc3339(now), expiry: why, attempts: 0 }, standing, now, events);
}

/** What the operator began by itself and failed goes after a while; what a user made is the user's to delete. */
function failedStep({ backups }: BackupsWorld, now: Date, wakes: number[]): TaskAction | undefined {
  for (const backup of backups) {
    if (phaseOf(backup) !== 'Failed' || kindOf(backup) === 'Manual') continue;
    if (backup.metadata.deletionTimestamp !== undefined) continue;
    const leftMs = Date.parse(backup.status?.failedAt ?? '') + FAILED_DAYS * DAY_MS - now.getTime();
    if (leftMs <= 0) return gone(backup, `it failed ${FAILED_DAYS} days ago`, now);
    wakes.push(leftMs);
  }
  return undefined;
}
