import { coerce, gt, valid } from 'semver';
import { backupsOf } from '../../api/addon-defaults.ts';
import { Annotation } from '../../api/annotations.ts';
import type { Action } from '../decision/action.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { READY_REASON, STALLED_REASON } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';
import { LISTED } from '../world/names.ts';
import type { Backup, World } from '../world/world.ts';
import { madeFor, makeBackup } from './make.ts';
import { messageOf } from './view.ts';

/** What is written after it is lost on the way back. However long it takes: an upgrade begins within this of its end. */
const FRESH_MS = 3_600_000;
/** While the API server does not take the upgrade, one of today is enough to ask it again. */
const REFUSED_MS = 24 * 3_600_000;
/** One that failed is followed by another after so long: what was wrong with the store may have been mended. */
const AGAIN_MS = 10 * 60_000;

/** What an upgrade waits for: a backup that is still to be made, one that is being taken, or one that failed. */
export type Hold =
  | { readonly action: Action }
  | { readonly action: undefined; readonly refusal: Refusal; readonly wakeMs: number | undefined };

/**
 * What keeps a version from being taken in; undefined when nothing does. With a store there is a backup before an
 * engine opens data that an older one has written, since there is no way back but a backup; unless the user says
 * otherwise, for this very version.
 */
export function holdForBackup(
  world: Pick<World, 'addon' | 'backups' | 'memory'>,
  facts: Pick<Facts, 'openedBy' | 'inForce'>,
  version: InForce['version']['name'],
  now: Date,
): Hold | undefined {
  const { addon } = world;
  const { openedBy, inForce } = facts;
  if (backupsOf(addon) === undefined || inForce === undefined || inForce.version.name === version)
    return undefined;
  // Nothing has been written yet, or the same engine wrote it.
  if (addon.status?.dataPlane?.revision === undefined || !isNewer(version, openedBy)) return undefined;
  if (addon.metadata.annotations?.[Annotation.skipBackup] === version) return undefined;
  const made = madeFor(world, 'BeforeUpgrade');
  const another = { action: makeBackup(world, 'BeforeUpgrade', made.at(-1)) };
  const last = made.findLast(isTaken);
  if (last === undefined || !(ageOf(last.metadata.creationTimestamp, now) < REFUSED_MS)) return another;
  const { completedAt, failedAt } = last.status ?? {};
  const freshMs = world.memory.dryRun?.verdict === 'Refused' ? REFUSED_MS : FRESH_MS;
  if (completedAt !== undefined)
    return isOfNow(last, addon, openedBy) && ageOf(completedAt, now) < freshMs ? undefined : another;
  const name = `InfluxBackup ${last.metadata.name}`;
  if (failedAt === undefined) {
    const message = `The upgrade to ${version} waits for ${name}: ${messageOf(last)}`;
    const refusal = {
      reason: STALLED_REASON.backupFailed,
      message,
      waiting: READY_REASON.upgrading,
    } as const;
    return { action: undefined, refusal, wakeMs: undefined };
  }
  const againMs = Date.parse(failedAt) + AGAIN_MS - now.getTime();
  if (againMs <= 0) return another;
  const message = `spec.version: the upgrade to ${version} waits for a backup, and ${name} failed: ${messageOf(last)} Mend the store, or take the risk with the annotation ${Annotation.skipBackup}: "${version}".`;
  return { action: undefined, refusal: { reason: STALLED_REASON.backupFailed, message }, wakeMs: againMs };
}

/** By a Job of its own, and not found in a store or put there by somebody. */
function isTaken({ metadata: { annotations = {} } }: Backup): boolean {
  return [LISTED, Annotation.import, Annotation.importFrom].every((key) => annotations[key] === undefined);
}

/** It holds the data of this very addon, as the engine has it that is to be replaced. */
function isOfNow({ status }: Backup, { metadata }: World['addon'], openedBy: string | undefined): boolean {
  const version = coerce(status?.addon?.version)?.version;
  return status?.addon?.uid === metadata.uid && version === coerce(openedBy)?.version;
}

function ageOf(time: string | undefined, now: Date): number {
  return now.getTime() - Date.parse(time ?? '');
}

function isNewer(version: string, openedBy: string | undefined): boolean {
  return (
    openedBy !== undefined && valid(version) !== null && valid(openedBy) !== null && gt(version, openedBy)
  );
}
