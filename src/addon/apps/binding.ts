import { APP_REASON, type AppReason } from '../../api/reasons.ts';
import { patchOf } from './patch.ts';
import { surveyVariables, injectedNames } from './variables.ts';
import { type AppWish } from './wish.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import { given } from '../../kube/objects/given.ts';
import type { Live } from '../../kube/objects/types.ts';
import { hashOf } from '../world/hash.ts';
import { restartedForKey, revisionOfMark } from '../world/names.ts';
import { pendingEntry } from './entries.ts';
import { copiesOf, withLastPods } from './frozen/copies.ts';
import { lossOf } from './lost/losses.ts';
import { heldBy, isPaused, isPartlyUpdated, isRolledOut, TEMPLATE_HASH } from './view.ts';
import { type Workload } from '../world/world.ts';

export interface AppDecision {
  /** Strategic-merge patch of the workload; undefined when there is nothing to write. */
  readonly patch: object | undefined;
  /** It takes variables out. */
  readonly removes?: boolean;
  /** True when the patch makes the workload restart its pods. */
  readonly restarts: boolean;
  /** The entry for `status.apps[]`, true once the patch is written; undefined when there is nothing to remember. */
  readonly entry: AppStatus | undefined;
  /** The entry as long as the patch is not written: a restart that is due stays due. */
  readonly unwritten?: AppStatus | undefined;
  readonly reason: AppReason;
  /** For people; empty when there is nothing to say. */
  readonly message: string;
  /** The app runs with what it depends on. */
  readonly current: boolean;
  /** When this addon restarted it, if it has not been seen rolled out since; milliseconds since the epoch. */
  readonly comingSinceMs?: number | undefined;
  /** When lost variables are added again, or it is restarted once more, milliseconds from now. */
  readonly againMs?: number | undefined;
  /** The patch restarts it once more for a revision that it was restarted for before. */
  readonly again?: boolean;
}

/**
 * Decides about one app. Status alone tells whether a restart is due, so an annotation that somebody removed or rolled
 * back never restarts an app.
 *
 * @param remembered what status remembers of it
 * @param told what apps ran with when status was last stored: an app that is new since then may have been started with
 *   that; undefined while nothing ran
 */
export function decideApp(
  wish: AppWish,
  workload: Live<Workload> | undefined,
  remembered: AppStatus | undefined,
  revision: string,
  now: Date,
  told?: string,
): AppDecision {
  const entry = arrived(remembered, workload, now);
  if (workload === undefined || workload.metadata.deletionTimestamp !== undefined) {
    const message = `${wish.kind} ${wish.name} does not exist in this namespace`;
    return {
      patch: undefined,
      restarts: false,
      entry: wish.env === 'Inject' ? pendingEntry(wish) : undefined,
      reason: APP_REASON.appMissing,
      message,
      current: false,
    };
  }
  const mark = markOf(workload, wish.addonName);
  const comingSinceMs = comingSince(entry, isRolledOut(workload), mark, revision, now);
  // Of the app as its owner wrote it, and of what was asked for: another wish is no loss.
  const template = hashOf([workload.metadata.annotations?.[TEMPLATE_HASH], wish.containers, wish.variables]);
  const same = wish.env === 'Inject' && entry?.injectedTemplate === template ? entry : undefined;
  const variables = surveyVariables(wish, workload, entry, same !== undefined);
  const isLost = variables.missing && same !== undefined && variables.refusal === undefined;
  const loss = isLost ? lossOf(same.lost, wish.generation ?? 0, now) : undefined;
  const contested = loss !== undefined && loss.waitMs > 0 ? contestedBy(wish, loss.waitMs) : undefined;
  const obstacle = variables.refusal ?? contested;
  if (obstacle !== undefined) {
    const told = entry === undefined || loss === undefined ? entry : { ...entry, lost: loss.lost };
    return { ...asItIs(wish, workload, told, revision, now), comingSinceMs, ...obstacle };
  }
  const changed = variables.containers.length > 0 || variables.initContainers.length > 0;
  const known = entry?.revision !== undefined;
  // A crash may have lost the entry of the very first restart: then the annotation tells what that was for.
  const since = entry?.revision ?? (entry?.injectedTemplate === undefined ? undefined : mark) ?? told;
  const due = since !== undefined && since !== revision && mark !== revision;
  const injects = wish.env === 'Inject';
  const next: AppStatus = {
    kind: wish.kind,
    name: wish.name,
    revision,
    ...restartTime(entry, revision, changed || due || (!known && mark === revision), now),
    ...(changed || due || comingSinceMs !== undefined ? { restarting: true } : {}),
    ...(injects ? { injectedTemplate: template } : {}),
    ...given({ reinjected: same?.reinjected, lost: loss?.lost ?? same?.lost }),
    ...copiesOf(entry, revision, wish.content, now),
  };
  const base = { entry: next, restarts: changed || due, comingSinceMs };
  if (changed || due) {
    const patch = patchOf(workload, variables, { [restartedForKey(wish.addonName)]: revision });
    return {
      ...base,
      unwritten: due ? { kind: wish.kind, name: wish.name, ...entry, revision: since } : entry,
      patch,
      removes: variables.removes,
      reason: APP_REASON.rollingOut,
      message: `${wish.kind} ${wish.name} is being restarted`,
      current: false,
    };
  }
  return { ...base, patch: undefined, ...rollout(wish, workload, variables.aliasTaken) };
}

/**
 * An app whose variables may not be touched. A restart that is due happens all the same, with the variables that it
 * has: unless one of them is not in the Secret any more, for then its pods would not start. Then it stays due.
 */
function asItIs(
  wish: AppWish,
  workload: Live<Workload>,
  entry: AppStatus | undefined,
  revision: string,
  now: Date,
): Pick<AppDecision, 'patch' | 'restarts' | 'entry' | 'unwritten' | 'current'> {
  const nothing = { patch: undefined, restarts: false, entry, current: false };
  if (entry?.revision === undefined || entry.revision === revision) return nothing;
  const { frozen: _, againAfter: __, ...rest } = entry;
  const restarted: AppStatus = {
    ...rest,
    revision,
    restartedAt: now.toISOString(),
    restarting: true,
    ...copiesOf(entry, revision, wish.content, now),
  };
  if (markOf(workload, wish.addonName) === revision) return { ...nothing, entry: restarted };
  const { containers = [], initContainers = [] } = workload.spec?.template.spec ?? {};
  const present = [...containers, ...initContainers].flatMap((each) => injectedNames(each, wish.secretName));
  const keys = [...wish.variables, ...(wish.formerKeys ?? [])];
  if (!present.every((name) => keys.includes(name))) return nothing;
  const none = { containers: [], initContainers: [] };
  const patch = patchOf(workload, none, { [restartedForKey(wish.addonName)]: revision });
  return { patch, restarts: true, entry: restarted, unwritten: entry, current: false };
}

function contestedBy(
  { kind, name }: AppWish,
  againMs: number,
): { reason: AppReason; message: string; againMs: number } {
  const message = `the injected variables were removed from ${kind} ${name} again and again; they are added once an hour, and at the next change of its template or of the addon's spec`;
  return { reason: APP_REASON.bindingContested, message, againMs };
}

/** What is remembered of an app, without the mark of a restart that it has come back from. */
function arrived(
  entry: AppStatus | undefined,
  workload: Live<Workload> | undefined,
  now: Date,
): AppStatus | undefined {
  if (entry?.restarting === undefined || workload === undefined || !isRolledOut(workload)) return entry;
  const { restarting: _, ...rest } = entry;
  return withLastPods(rest, now);
}

/** A crash may have lost the entry of a restart: then the annotation is one that the entry does not know. */
function comingSince(
  entry: AppStatus | undefined,
  rolledOut: boolean,
  mark: string | undefined,
  revision: string,
  now: Date,
): number | undefined {
  if (rolledOut) return undefined;
  if (entry?.restarting === true) return Date.parse(entry.restartedAt ?? '') || now.getTime();
  const lost = mark !== undefined && mark !== entry?.revision && entry?.revision !== revision;
  return lost ? now.getTime() : undefined;
}

function markOf(workload: Live<Workload>, addonName: string): string | undefined {
  return revisionOfMark(workload.spec?.template.metadata?.annotations?.[restartedForKey(addonName)]);
}

function restartTime(
  entry: AppStatus | undefined,
  revision: string,
  restarted: boolean,
  now: Date,
): Pick<AppStatus, 'restartedAt'> {
  if (restarted) return { restartedAt: now.toISOString() };
  if (entry?.revision !== undefined && entry.revision !== revision) return { restartedAt: now.toISOString() };
  return entry?.restartedAt === undefined ? {} : { restartedAt: entry.restartedAt };
}

function rollout(
  wish: AppWish,
  workload: Live<Workload>,
  aliasTaken: boolean,
): Pick<AppDecision, 'reason' | 'message' | 'current'> {
  const name = `${wish.kind} ${wish.name}`;
  const rolledOut = isRolledOut(workload);
  const held = heldBy(workload);
  if (held !== undefined && (isPaused(workload) || !rolledOut))
    return { reason: APP_REASON.appPaused, message: `${name} ${held}`, current: false };
  if (!rolledOut) return { reason: APP_REASON.rollingOut, message: `${name} is rolling out`, current: false };
  if (isPartlyUpdated(workload)) {
    const message = `${name} has a partition in its update strategy: the pods below it wait for whoever lowers it`;
    return { reason: APP_REASON.appPaused, message, current: false };
  }
  if (aliasTaken) {
    return {
      reason: APP_REASON.aliasTaken,
      message: `${name} has ${wish.variables[1]} from another addon; it uses ${wish.variables[0]} for this one`,
      current: true,
    };
  }
  return { reason: APP_REASON.current, message: '', current: true };
}
