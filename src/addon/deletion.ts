import { appsOf, deletionPolicyOf, isPaused } from '../api/addon-defaults.ts';
import { InfluxAddon } from '../api/kinds.ts';
import type { KubeObject, Live } from '../kube/types.ts';
import * as kinds from '../kube/kinds.ts';
import type { Kind } from '../kube/kinds.ts';
import type { Action, Decision } from './action.ts';
import { unbindAll } from './apps/decide-apps.ts';
import { appEntries } from './apps/entries.ts';
import { activeFindings, findingOf } from './findings.ts';
import { FINALIZER } from './names.ts';
import { READY_REASON } from './reasons.ts';
import { NOTHING_NEW, renderStatus, type Picture } from './status.ts';
import type { World } from './world.ts';

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
  return injected || deletionPolicyOf(addon) === 'Delete';
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
  const policy = world.namespaceTerminating ? 'Retain' : deletionPolicyOf(addon);
  const pausedHere = isPaused(addon) && !world.namespaceTerminating;
  if (pausedHere && policy !== 'Retain')
    return decision(
      [],
      deletingStatus(world, 'influxaddon.dev/paused is set: nothing is deleted until it is removed', now),
    );
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
  if (policy === 'Delete') {
    // The pod first: a claim that is in use only pretends to go, and an engine without its volume writes errors.
    const doomed: [Kind<KubeObject>, Live<KubeObject> | undefined][] = [
      [kinds.StatefulSet, children.statefulSet],
      [kinds.PersistentVolumeClaim, children.claim],
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
  return decision([patchFinalizers(addon, others, 'cleaned up')]);
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

function decision(actions: readonly Action[], status?: Decision['status'], waitingFor?: string): Decision {
  return {
    actions,
    status,
    events: [],
    requeueAfterMs: waitingFor === undefined ? undefined : 5_000,
    waitingFor,
  };
}
