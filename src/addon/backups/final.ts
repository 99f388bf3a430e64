import { backupsOf } from '../../api/addon-defaults.ts';
import type { Action } from '../decision/action.ts';
import type { World } from '../world/world.ts';
import { madeFor, makeBackup } from './make.ts';
import { messageOf } from './view.ts';

/** How far the last backup before a deletion is. */
export type Final =
  | { readonly state: 'Make'; readonly action: Action }
  | { readonly state: 'Wait' | 'Failed'; readonly message: string }
  | { readonly state: 'Done' };

/** The last backup of an addon that is being deleted under the policy Backup. */
export function finalBackup(world: World): Final {
  const { addon } = world;
  // What never held data has nothing to back up.
  if (addon.status?.dataPlane?.verifiedAt === undefined) return { state: 'Done' };
  if (backupsOf(addon) === undefined)
    return {
      state: 'Failed',
      message:
        'spec.deletionPolicy: Backup needs a store in spec.backups.storeRef; set one, or another policy.',
    };
  const deletedAt = Date.parse(addon.metadata.deletionTimestamp ?? '');
  // One that was taken before the deletion was asked for does not hold what was written since.
  const made = madeFor(world, 'Final');
  const last = made
    .filter(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') >= deletedAt)
    .at(-1);
  if (last === undefined) return { state: 'Make', action: makeBackup(world, 'Final', made.at(-1)) };
  if (last.status?.completedAt !== undefined) return { state: 'Done' };
  const name = `InfluxBackup ${last.metadata.name}`;
  return last.status?.failedAt === undefined
    ? { state: 'Wait', message: `Waiting for the last backup, ${name}: ${messageOf(last)}` }
    : {
        state: 'Failed',
        message: `spec.deletionPolicy: the last backup, ${name}, failed: ${messageOf(last)} Delete that object to try again, or set spec.deletionPolicy to Retain or Delete.`,
      };
}
