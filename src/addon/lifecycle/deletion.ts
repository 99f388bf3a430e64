import { deletionPolicyOf, isPaused } from '../../api/addon-defaults.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import { accessStep, releaseAccess, WAITING_FOR_ACCESS } from '../rights/step.ts';
import type { Action, Announcement } from '../decision/action.ts';
import { acting, resting, telling, type Outcome, type Telling } from '../decision/outcome.ts';
import { NOTHING_NEW } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { letGo } from './finalizer.ts';
import { KEPT, LOOK_AGAIN_MS, noLastBackup } from './last-backup.ts';
import { countingDeletionPolicy } from './last-accepted.ts';
import { unbindAll } from '../apps/unbinding.ts';
import { finalBackup } from '../backups/final.ts';
import { activeFindings } from '../decision/findings.ts';
import { FINALIZER } from '../world/names.ts';
import { EVENT_REASON, READY_REASON, STALLED_REASON } from '../../api/reasons.ts';

/** The addon is being deleted: variables out of the apps, then the data if that is the policy, then let go. */
export function deletionStep({ world, now }: Scene): Outcome | undefined {
  const { addon, children } = world;
  if (addon.metadata.deletionTimestamp === undefined) return undefined;
  if (!(addon.metadata.finalizers?.includes(FINALIZER) ?? false)) return resting();
  // There is nothing to take a last backup of: what is left of the volume stays, rather than go without one.
  const counts = countingDeletionPolicy(world);
  const overruled = overruledWords(deletionPolicyOf(addon), counts);
  const kept = counts === 'Backup' ? noLastBackup(world, now) : undefined;
  const policy = world.namespaceTerminating || kept !== undefined ? 'Retain' : counts;
  const pausedHere = isPaused(addon) && !world.namespaceTerminating;
  if (pausedHere && policy !== 'Retain')
    return deleting('influxaddon.dev/paused is set: nothing is deleted until it is removed');
  const access = world.namespaceTerminating ? undefined : accessStep(world, now);
  if (access?.step === 'Act') return acting([access.action]);
  if (access !== undefined) {
    const again = { waitingFor: WAITING_FOR_ACCESS, requeueAfterMs: access.requeueAfterMs };
    return access.refusal === undefined
      ? resting(again)
      : { ...deleting(access.refusal.message, kept), ...again };
  }
  const active = activeFindings(world, now.getTime());
  const stays = world.namespaceTerminating || pausedHere;
  const { actions, refused } = stays ? NOTHING : unbindAll(world, active);
  if (actions.length > 0) return acting(actions);
  if (refused !== undefined) {
    const message = `The injected variables cannot be taken out of an app: ${refused.message}`;
    return { ...deleting(message, kept), requeueAfterMs: refused.untilMs - now.getTime() };
  }
  if (policy === 'Backup') {
    const final = finalBackup(world);
    if (final.state === 'Make') return acting([final.action]);
    if (final.state !== 'Done') return awaitingBackup({ ...final, message: `${final.message}${overruled}` });
  }
  if (policy !== 'Retain') {
    // The pod first: a claim that is in use only pretends to go, and an engine without its volume writes errors.
    const doomed: [Kind<KubeObject>, Live<KubeObject> | undefined][] = [
      [kinds.StatefulSet, children.statefulSet],
      [kinds.PersistentVolumeClaim, children.claim],
      ...(world.otherClaims ?? []).map((claim): [Kind<KubeObject>, Live<KubeObject>] => [
        kinds.PersistentVolumeClaim,
        claim,
      ]),
      [kinds.Secret, children.adminSecret],
      [kinds.Secret, children.adminCopy],
    ];
    const deletions = doomed.flatMap(([kind, live]) => deleteAction(kind, live));
    if (deletions.length > 0) return acting(deletions);
    const left = doomed.filter(([, live]) => live !== undefined);
    if (left.length > 0 || world.pod !== undefined) {
      const again = { waitingFor: 'the volume to be deleted', requeueAfterMs: 5_000 };
      return { ...deleting('the database and its data are being deleted'), ...again };
    }
  }
  const release = world.namespaceTerminating ? undefined : releaseAccess(world);
  const last = letGo(addon);
  // Nobody can write an event into a namespace that goes.
  const note = world.namespaceTerminating ? '' : kept === undefined ? overruled.trim() : KEPT;
  return acting(release === undefined ? [last] : [release, last], note === '' ? [] : [warning(note)]);
}

const NOTHING: ReturnType<typeof unbindAll> = { actions: [], refused: undefined };

function warning(note: string): Announcement {
  return { type: 'Warning', reason: EVENT_REASON.deleting, note };
}

function overruledWords(asked: string, counts: string): string {
  return asked === counts
    ? ''
    : ` spec.deletionPolicy ${asked} came with a spec that was not accepted: ${counts} of the last accepted one counts, which keeps more.`;
}

function deleteAction(kind: Kind<KubeObject>, live: Live<KubeObject> | undefined): Action[] {
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return [];
  const { name, namespace, uid, resourceVersion } = live.metadata;
  return [
    {
      do: 'delete',
      kind,
      key: { name, namespace: namespace ?? '' },
      uid,
      resourceVersion,
      why: 'the addon is deleted, and its data by its deletionPolicy',
    },
  ];
}

function deleting(message: string, refusal?: Refusal): Telling {
  const said = { status: false, reason: READY_REASON.deleting, message };
  return {
    ...telling({ ...NOTHING_NEW, ready: said, available: said, reconciling: true, refusal }),
    quietly: true,
  };
}

/** A last backup that cannot be taken is a user's to decide about: until then nothing is deleted. */
function awaitingBackup({
  state,
  message,
}: {
  readonly state: 'Wait' | 'Failed';
  readonly message: string;
}): Outcome {
  const refusal = state === 'Wait' ? undefined : { reason: STALLED_REASON.backupFailed, message };
  return { ...deleting(message, refusal), requeueAfterMs: LOOK_AGAIN_MS };
}
