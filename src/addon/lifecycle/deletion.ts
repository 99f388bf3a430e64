import { appsOf, deletionPolicyOf, isPaused } from '../../api/addon-defaults.ts';
import { InfluxAddon } from '../../api/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import { accessStep, releaseAccess, WAITING_FOR_ACCESS } from '../rights/step.ts';
import type { Action, Announcement, Decision } from '../decision/action.ts';
import { unbindAll } from '../apps/decide.ts';
import { appEntries } from '../apps/entries.ts';
import { finalBackup } from '../backups/final.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { FINALIZER } from '../world/names.ts';
import { EVENT_REASON, READY_REASON, STALLED_REASON } from '../../api/reasons.ts';
import { NOTHING_NEW, renderStatus, type Picture } from '../status/status.ts';
import type { World } from '../world/world.ts';

type Addon = World['addon'];

/**
 * A finalizer only where something has to be done before the addon may go: data to be deleted, variables to be taken
 * out of apps. Under Retain without injection nothing can hang, whatever becomes of the operator.
 */
export function needsFinalizer(world: Pick<World, 'addon' | 'memory'>): boolean {
  const { addon } = world;
  const injected =
    appsOf(addon).some((app) => app.env === 'Inject') ||
    appEntries(world).some((app) => app.injectedTemplate !== undefined);
  return injected || deletionPolicyOf(addon) !== 'Retain';
}

/** Adds or removes the finalizer; undefined when it is as it should be. */
export function finalizerAction(world: Pick<World, 'addon' | 'memory'>): Action | undefined {
  const { addon } = world;
  const has = addon.metadata.finalizers?.includes(FINALIZER) ?? false;
  const needs = needsFinalizer(world);
  if (has === needs) return undefined;
  const others = (addon.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  return patchFinalizers(
    addon,
    needs ? [...others, FINALIZER] : others,
    needs ? 'hold deletion until cleaned up' : 'nothing to clean up',
  );
}

/** The addon is being deleted: variables out of the apps, then the data if that is the policy, then let go. */
export function decideDeletion(world: World, now: Date): Decision {
  const { addon, children } = world;
  if (!(addon.metadata.finalizers?.includes(FINALIZER) ?? false)) return decision([]);
  // There is nothing to take a last backup of: what is left of the volume stays, rather than go without one.
  const keeps = deletionPolicyOf(addon) === 'Backup' && cannotBackUp(world);
  const policy = world.namespaceTerminating || keeps ? 'Retain' : deletionPolicyOf(addon);
  const pausedHere = isPaused(addon) && !world.namespaceTerminating;
  if (pausedHere && policy !== 'Retain')
    return decision(
      [],
      deletingStatus(world, 'influxaddon.dev/paused is set: nothing is deleted until it is removed', now),
    );
  const access = world.namespaceTerminating ? undefined : accessStep(world, now);
  if (access?.step === 'Act') return decision([access.action]);
  if (access !== undefined) {
    const status = access.refusal && deletingStatus(world, access.refusal.message, now);
    return { ...decision([], status, WAITING_FOR_ACCESS), requeueAfterMs: access.requeueAfterMs };
  }
  const unbind = world.namespaceTerminating || pausedHere ? [] : unbindAll(world);
  const active = activeFindings(world, now.getTime());
  const refused = unbind.map((action) => findingOf(action, active)).find((each) => each !== undefined);
  const allowed = unbind.filter((action) => findingOf(action, active) === undefined);
  if (allowed.length > 0) return decision(allowed);
  if (refused !== undefined) {
    const message = `The injected variables cannot be taken out of an app: ${refused.message}`;
    return {
      ...decision([], deletingStatus(world, message, now)),
      requeueAfterMs: refused.untilMs - now.getTime(),
    };
  }
  if (policy === 'Backup') {
    const final = finalBackup(world);
    if (final.state === 'Make') return decision([final.action]);
    if (final.state !== 'Done') return decision([], awaitingBackup(world, final, now));
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
    ];
    const deletions = doomed.flatMap(([kind, live]) => deleteAction(kind, live));
    if (deletions.length > 0) return decision(deletions);
    const left = doomed.filter(([, live]) => live !== undefined);
    if (left.length > 0 || world.pod !== undefined) {
      return decision(
        [],
        deletingStatus(world, 'the database and its data are being deleted', now),
        'the volume to be deleted',
      );
    }
  }
  const others = (addon.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  const release = world.namespaceTerminating ? undefined : releaseAccess(world);
  const letGo = patchFinalizers(addon, others, 'cleaned up');
  const actions = release === undefined ? [letGo] : [release, letGo];
  return keeps ? { ...decision(actions), events: [KEPT] } : decision(actions);
}

const KEPT: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.deleting,
  note: 'The database is lost or cannot start, so that no last backup can be taken: as with deletionPolicy Retain, what is left of the volume stays, and so do the credentials.',
};

/** Lost, or never to come up again by itself. What merely looks lost is kept, which harms nobody. */
function cannotBackUp({ addon, children }: World): boolean {
  const had = addon.status?.dataPlane?.verifiedAt !== undefined;
  if (had && (children.claim === undefined || children.claim.status?.phase === 'Lost')) return true;
  const stalled = addon.status?.conditions?.find(({ type }) => type === 'Stalled');
  return stalled?.status === 'True' && HOPELESS.includes(stalled.reason);
}

const HOPELESS: readonly string[] = [
  STALLED_REASON.dataLost,
  STALLED_REASON.metaMissing,
  STALLED_REASON.metaCorrupt,
];

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
      why: 'the addon is deleted with deletionPolicy Delete',
    },
  ];
}

function patchFinalizers(addon: Addon, finalizers: string[], why: string): Action {
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const body = { metadata: { uid, resourceVersion, finalizers } };
  return {
    do: 'patch',
    kind: InfluxAddon as Kind<KubeObject>,
    key: { name, namespace: namespace ?? '' },
    type: 'merge',
    body,
    why,
  };
}

function deletingStatus(world: World, message: string, now: Date): NonNullable<Decision['status']> {
  const picture: Picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.deleting, message },
    available: { status: false, reason: READY_REASON.deleting, message },
    reconciling: true,
  };
  return renderStatus(world, picture, now);
}

/** A last backup that cannot be taken is a user's to decide about: until then nothing is deleted. */
function awaitingBackup(
  world: World,
  { state, message }: { readonly state: 'Wait' | 'Failed'; readonly message: string },
  now: Date,
): NonNullable<Decision['status']> {
  const refusal = state === 'Wait' ? undefined : { reason: STALLED_REASON.backupFailed, message };
  const picture: Picture = {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.deleting, message },
    available: { status: false, reason: READY_REASON.deleting, message },
    reconciling: true,
    refusal,
  };
  return renderStatus(world, picture, now);
}

function decision(actions: readonly Action[], status?: Decision['status'], waitingFor?: string): Decision {
  return {
    actions,
    status,
    events: [],
    requeueAfterMs: waitingFor === undefined ? undefined : 5_000,
    waitingFor,
  };
}
