import { z } from 'zod';
import { backupLocation } from '../../backup/location.ts';
import { bytes, instant } from '../../backup/results.ts';
import { sizeInWords } from '../../backup/size.ts';
import { given } from '../../kube/objects/given.ts';
import type { TaskAction } from '../decision/action.ts';
import { LISTED } from '../../addon/world/names.ts';
import { statusAction, type Backup } from '../decision/phase.ts';
import { BACKUP_REASON } from '../decision/reasons.ts';

/**
 * What is known of a backup that was found in a store; the rest is in its manifest, which a restore reads. What an
 * earlier release wrote ends with `startedAt`.
 */
export const listedBackup = z.object({
  store: z.string().max(253),
  storeLocation: z.string().max(512),
  location: backupLocation,
  manifestSha256: z.string().length(64),
  addonName: z.string().max(63),
  startedAt: z.string().max(40),
  completedAt: instant.exactOptional(),
  plan: z.string().max(253).exactOptional(),
  class: z.enum(['Starter', 'Business']).exactOptional(),
  engineVersion: z.string().max(16).exactOptional(),
  bytes: bytes.exactOptional(),
  dataBytes: bytes.exactOptional(),
  points: bytes.exactOptional(),
  encrypted: z.boolean().exactOptional(),
});
export type ListedBackup = z.output<typeof listedBackup>;

/** The InfluxBackup stands for one that is in the store already: its status says so, and nothing is taken. */
export function adopt(backup: Backup, now: Date): TaskAction | undefined {
  const found = parse(backup.metadata.annotations?.[LISTED]);
  // Whoever may write here could name what another namespace has in the same store, to restore it or have it deleted.
  if (found === undefined || found.location.namespace !== backup.metadata.namespace) {
    const message =
      found === undefined
        ? `The annotation ${LISTED} is not what a listing of a store writes.`
        : `The annotation ${LISTED} names a backup of namespace ${found.location.namespace}, and a listing finds those of its own only.`;
    const standing = { ready: false, stalled: true, reason: BACKUP_REASON.waiting, message };
    return statusAction(backup, {}, standing, now);
  }
  const message = `It was found in InfluxBackupStore ${found.store}.`;
  const standing = { ready: true, stalled: false, reason: BACKUP_REASON.completed, message };
  const { store, storeLocation, location, manifestSha256, addonName, startedAt } = found;
  const { plan, class: planClass, engineVersion, completedAt = startedAt, bytes: size } = found;
  return statusAction(
    backup,
    {
      addon: {
        name: addonName,
        id: location.addonId,
        ...given({ plan, class: planClass, version: engineVersion }),
      },
      store: { name: store, location: storeLocation },
      location,
      manifestSha256,
      startedAt,
      completedAt,
      bytes: size,
      size: size === undefined ? undefined : sizeInWords(size),
      rawBytes: found.dataBytes,
      points: found.points,
      verified: size === undefined ? undefined : found.points === undefined ? 'Sizes' : 'Counts',
      encrypted: found.encrypted,
    },
    standing,
    now,
  );
}

function parse(text: string | undefined): ListedBackup | undefined {
  try {
    return listedBackup.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined; // somebody edited it
  }
}
