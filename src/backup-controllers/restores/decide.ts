import type { InfluxRestoreStatus } from '../../api/influx-restore.ts';
import { InfluxRestore as RestoreKind } from '../../api/kinds.ts';
import { isInitial } from '../../addon/backups/volume.ts';
import { ANNOTATION, childNames } from '../../addon/world/names.ts';
import { mark } from '../../backup/schedule.ts';
import { given } from '../../kube/objects/given.ts';
import { Job, PersistentVolumeClaim, type Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { afterLost, type TaskAction, type TaskDecision } from '../decision/action.ts';
import { jobState } from '../world/job-state.ts';
import { RESTORE_EVENT, RESTORE_REASON } from '../decision/reasons.ts';
import { claimFor, makeJob } from '../jobs/restore-job.ts';
import { formerClaim, KEPT_HOURS } from './former-claim.ts';
import { inTheWay } from './obstacles.ts';
import { awaitWriteStop, stoppedMeanwhile } from './write-stop.ts';
import { attempt, failed, notThisTime, RESTORING, volumeRefused, write } from './status.ts';
import type { Restore, RestoreWorld } from '../world/restore-world.ts';
import { rfc3339 } from '../../api/time.ts';

/** What a restore needs and does not have is waited for so long: things may have been applied together. */
const PATIENCE_MS = 600_000;
const FINALIZER = 'influxaddon.dev/restore';

/**
 * A restore beside: onto a claim of its own that no database uses, by a Job that counts what came of it. Only then is the
 * addon told to run on it (by `restoredAt`); the claim with the data of before stays for a while. Pure.
 */
export function decideRestore(world: RestoreWorld, now: Date): TaskDecision {
  const { restore } = world;
  const { status } = restore;
  const { deletionTimestamp } = restore.metadata;
  const over = status?.completedAt !== undefined || status?.failedAt !== undefined;
  if (world.namespaceTerminating || (deletionTimestamp !== undefined && !isSwitching(status))) {
    const rubbish = world.namespaceTerminating || over ? undefined : leftover(world);
    if (rubbish !== undefined) return act(rubbish);
    return world.namespaceTerminating ? released(restore) : tidied(world, now);
  }
  if (over) {
    const rubbish = status.failedAt === undefined ? undefined : leftover(world);
    return rubbish === undefined ? tidied(world, now) : act(rubbish);
  }
  if (status?.startedAt === undefined) return begin(world, now);
  if (status.restoredAt !== undefined) return switching(world, now);
  return follow(world, now);
}

const WAIT: TaskDecision = { actions: [], requeueAfterMs: undefined };

/** What was left is seen to as long as the finalizer is there: to whom it was once told that it stays, it stays. */
function tidied(world: RestoreWorld, now: Date): TaskDecision {
  const { restore } = world;
  const former = restore.metadata.finalizers?.includes(FINALIZER) ? formerClaim(world, now) : undefined;
  if (former === undefined) return released(restore);
  return 'action' in former ? act(former.action) : { ...WAIT, requeueAfterMs: former.waitMs };
}

function released(restore: Restore): TaskDecision {
  return restore.metadata.finalizers?.includes(FINALIZER) ? act(withFinalizers(restore, false)) : WAIT;
}

/** The data is whole on its volume and the database on its way there: from here on it only goes forward. */
function isSwitching(status: InfluxRestoreStatus | undefined): boolean {
  return (
    status?.restoredAt !== undefined && status.completedAt === undefined && status.failedAt === undefined
  );
}

/** The Job or claim of a restore that is not going to be in force; undefined when nothing is left. */
function leftover({ restore, task, claim, inForce }: RestoreWorld): TaskAction | undefined {
  if (task.job !== undefined && task.job.metadata.deletionTimestamp === undefined)
    return { do: 'delete', kind: Job as Kind<KubeObject>, live: task.job, why: 'the restore is given up' };
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
  const own = claim.metadata.annotations?.[ANNOTATION.restoredBy] === restore.metadata.uid;
  // A copy of what is in the store: never the claim of a database.
  if (!own || isInitial(restore) || inForce?.claim === claim.metadata.name) return undefined;
  return { do: 'delete', kind: CLAIM, live: claim, why: 'the restore is given up' };
}

const CLAIM = PersistentVolumeClaim as Kind<KubeObject>;

function begin(world: RestoreWorld, now: Date): TaskDecision {
  const { restore } = world;
  const found = inTheWay(world);
  if (found !== undefined) {
    const age = now.getTime() - Date.parse(restore.metadata.creationTimestamp ?? now.toISOString());
    if (found.final || (found.patience && age >= PATIENCE_MS))
      return failed(restore, found.reason, found.message, now);
    const standing = { ready: false, stalled: false, reason: RESTORE_REASON.waiting, message: found.message };
    const decision = write(restore, {}, standing, now);
    return decision.actions.length > 0 ? decision : { ...WAIT, requeueAfterMs: 15_000 };
  }
  const { finalizers = [] } = restore.metadata;
  if (!finalizers.includes(FINALIZER)) return act(withFinalizers(restore, true));
  const { name } = world.addon?.metadata ?? { name: '' };
  const own = `${childNames(name).claim}-${mark(restore.metadata.uid)}`;
  const current = world.current?.metadata.name;
  const change = isInitial(restore)
    ? given({ claim: current })
    : given({ claim: own, previousClaim: current });
  const standing = { ready: false, stalled: false, reason: RESTORE_REASON.running, message: RESTORING };
  return write(restore, { startedAt: rfc3339(now), ...change }, standing, now);
}

function follow(world: RestoreWorld, now: Date): TaskDecision {
  const { restore, claim, addon } = world;
  const { job, retryAt: due, attempts = 0 } = restore.status ?? {};
  if (addon === undefined || addon.metadata.deletionTimestamp !== undefined)
    return failed(
      restore,
      RESTORE_REASON.addonMissing,
      `InfluxAddon ${restore.spec.addonRef.name} is gone.`,
      now,
    );
  const waitMs = due === undefined ? 0 : Date.parse(due) - now.getTime();
  if (waitMs > 0) return { ...WAIT, requeueAfterMs: waitMs };
  if (claim === undefined) {
    const action = isInitial(restore) ? undefined : claimFor(world);
    if (action === undefined) return { ...WAIT, requeueAfterMs: 5_000 };
    return act({ ...action, refused: (words) => volumeRefused(restore, words, now) });
  }
  // From here on the database refuses writes.
  if (due !== undefined || job === undefined) return attempt(restore, attempts + 1, {}, now);
  const state = jobState(world.task, now);
  switch (state.state) {
    case 'Missing': {
      const writing = awaitWriteStop(world, now);
      if (writing !== undefined) return writing;
      const action = makeJob(world, job);
      if (typeof action === 'string')
        return notThisTime(restore, RESTORE_REASON.backupMissing, action, false, now);
      const refused = (words: string) =>
        notThisTime(restore, RESTORE_REASON.jobRefused, `The API server refuses its Job: ${words}`, true, now)
          .actions[0];
      return act({ ...action, refused });
    }
    case 'Settling':
      return { ...WAIT, requeueAfterMs: 1_000 };
    case 'Running': {
      const message = state.waiting === undefined ? RESTORING : `The restore waits: ${state.waiting}.`;
      const standing = { ready: false, stalled: false, reason: RESTORE_REASON.running, message };
      const decision = write(restore, {}, standing, now);
      return decision.actions.length > 0 ? decision : { ...WAIT, requeueAfterMs: 60_000 };
    }
    case 'Lost':
      return act(
        afterLost(
          state,
          (message) => notThisTime(restore, RESTORE_REASON.jobLost, message, true, now).actions[0],
        ),
      );
    case 'Ended': {
      const { result } = state;
      if (!result.ok) return notThisTime(restore, result.reason, result.message, result.retryable, now);
      if (!['restore', 'import', 'copy'].includes(result.operation) || !('refusedQueries' in result))
        return notThisTime(
          restore,
          RESTORE_REASON.jobLost,
          'The Job reported another operation.',
          false,
          now,
        );
      const { points, refusedQueries } = result;
      const refused =
        refusedQueries.length === 0
          ? ''
          : ` The engine refused continuous queries: ${refusedQueries.join(', ')}.`;
      const message = `The data is whole on its volume, and the database is being started on it.${refused}`;
      const standing = { ready: false, stalled: false, reason: RESTORE_REASON.switching, message };
      return write(restore, { restoredAt: rfc3339(now), job: undefined, points }, standing, now);
    }
  }
}

/** The addon is the one who switches: here it is only seen that it has. */
function switching({ restore, addon }: RestoreWorld, now: Date): TaskDecision {
  if (addon === undefined)
    return failed(
      restore,
      RESTORE_REASON.addonMissing,
      `InfluxAddon ${restore.spec.addonRef.name} is gone.`,
      now,
    );
  const { status, previousClaim } = { status: addon.status, previousClaim: restore.status?.previousClaim };
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const current = status?.observedGeneration === addon.metadata.generation;
  const there = isInitial(restore)
    ? status?.dataPlane?.verifiedAt !== undefined
    : status?.storage?.claim === restore.status?.claim;
  if (stoppedMeanwhile(addon)) return write(restore, {}, WAITS_FOR_START, now);
  if (!ready || !current || !there) return WAIT;
  const kept =
    previousClaim === undefined
      ? ''
      : ` The data of before is on the claim ${previousClaim}, for ${KEPT_HOURS} hours or until this InfluxRestore is deleted.`;
  const message = `The addon runs with the restored data.${kept}`;
  const standing = { ready: true, stalled: false, reason: RESTORE_REASON.completed, message };
  const events = [{ type: 'Normal' as const, reason: RESTORE_EVENT.completed, note: message }];
  return write(restore, { completedAt: rfc3339(now) }, standing, now, events);
}

const WAITS_FOR_START = {
  ready: false,
  stalled: false,
  reason: RESTORE_REASON.switching,
  message:
    'The data is whole on its volume. The addon is Stopped, and runs on it when its spec.state is Running again.',
};

function withFinalizers(restore: Restore, wanted: boolean): TaskAction {
  const others = (restore.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  const finalizers = wanted ? [...others, FINALIZER] : others;
  return { do: 'finalizers', kind: RestoreKind as Kind<KubeObject>, live: restore, finalizers };
}

function act(action: TaskAction | undefined): TaskDecision {
  return { actions: action === undefined ? [] : [action], requeueAfterMs: undefined };
}
