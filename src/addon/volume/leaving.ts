import type { Announcement } from '../decision/action.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { restartPod } from '../pod/restart.ts';
import { stateOf, tlsModeOf } from '../../api/addon-defaults.ts';
import { Annotation } from '../../api/annotations.ts';
import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import type { Facts } from '../world/facts.ts';
import { childNames } from '../world/names.ts';
import { EVENT_REASON, STALLED_REASON } from '../../api/reasons.ts';
import { isNeverBound } from '../identity/never-bound.ts';
import { newToken } from '../identity/token.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

type Seen = Pick<World, 'addon' | 'children' | 'mountedClaim'>;

/*
 * Kubernetes holds a claim that somebody deleted for as long as a pod runs on it. The end of the pod is then the end of
 * the data, and nobody can take the deletion back: so the pod is not ended by us, whatever else is to be done.
 */

/** The claim under the database that is being deleted and that nobody has let go of. */
export function leavingClaim(world: Seen): Live<PersistentVolumeClaim> | undefined {
  return deletedClaims(world).find(({ metadata }) => !isLetGo(world, metadata.uid));
}

/** The claim under the database that is being deleted, and whose user wants it to go. */
function releasedClaim(world: Seen): Live<PersistentVolumeClaim> | undefined {
  return deletedClaims(world).find(({ metadata }) => isLetGo(world, metadata.uid));
}

/**
 * Said with its UID, so that it is said of this very volume. Once the claim is gone, only status has its UID: one that is
 * not written down first is asked for a second time.
 */
function isLetGo({ addon: { metadata, status }, children }: Seen, uid: string): boolean {
  const isKnown = uid !== children.claim?.metadata.uid || uid === status?.storage?.uid;
  return isKnown && metadata.annotations?.[Annotation.startEmpty] === uid;
}

function deletedClaims({ addon, children, mountedClaim }: Seen): Live<PersistentVolumeClaim>[] {
  // What an addon of the same name left, which is being deleted with it, was never this one's.
  const predecessors = children.statefulSet === undefined && addon.status?.dataPlane?.revision === undefined;
  return [mountedClaim, children.claim].filter(
    (claim) =>
      claim?.metadata.deletionTimestamp !== undefined &&
      claim.status?.phase !== 'Lost' &&
      !predecessors &&
      !isNeverBound({ addon, children }, claim),
  ) as Live<PersistentVolumeClaim>[];
}

/** What Stalled says meanwhile; undefined while no volume is being deleted. */
export function volumeBeingDeleted(world: World, facts: Facts): Refusal | undefined {
  const claim = leavingClaim(world);
  if (claim === undefined) return undefined;
  const { name, uid } = claim.metadata;
  const waits = waitingEdits(world, facts);
  const message = [
    `Somebody deleted the volume claim ${name}: the data goes when the pod next stops, and the deletion cannot be taken back.`,
    'Nothing that the operator does stops the pod. Copy the data away now (an InfluxBackup, or kubectl exec), then make the addon anew from it;',
    `to let the volume go and start with an empty one, set the annotation ${Annotation.startEmpty}: "${uid}".`,
    ...(waits.length === 0 ? [] : [`Until then these wait: ${waits.join(', ')}.`]),
  ].join(' ');
  return { reason: STALLED_REASON.volumeBeingDeleted, message };
}

/** What the spec and annotations ask for, and what would end the pod or goes with something that does. */
function waitingEdits({ addon, restores }: World, facts: Facts): string[] {
  const { inForce } = facts;
  const { plan, version } = addon.spec;
  const edits: string[] = [];
  if (inForce !== undefined && plan !== inForce.plan.name) edits.push(`spec.plan ${plan}`);
  if (inForce !== undefined && version !== undefined && !`${inForce.version.name}.`.startsWith(`${version}.`))
    edits.push(`spec.version ${version}`);
  if (inForce !== undefined && (tlsModeOf(addon) === 'Required') !== (inForce.tls === 'Required'))
    edits.push(`spec.tls.mode ${tlsModeOf(addon)}`);
  if (stateOf(addon) === 'Stopped') edits.push('spec.state Stopped');
  if (newToken({ addon }, facts) !== undefined) edits.push(Annotation.rotate);
  for (const { status, metadata } of restores)
    if (status?.restoredAt !== undefined && status.completedAt === undefined && status.failedAt === undefined)
      edits.push(`InfluxRestore ${metadata.name}`);
  return edits;
}

/** What ends the database's pod, or may: any write of its StatefulSet, and the deletion of the pod itself. */
export function endsPod({ metadata }: World['addon'], action: Action): boolean {
  const names = childNames(metadata.name);
  switch (action.do) {
    case 'create':
    case 'replace':
      return is(action.kind, kinds.StatefulSet) && action.object.metadata?.name === names.statefulSet;
    case 'patch':
    case 'delete':
      return (
        (is(action.kind, kinds.StatefulSet) && action.key.name === names.statefulSet) ||
        (is(action.kind, kinds.Pod) && action.key.name === names.pod)
      );
    default:
      return false;
  }
}

function is(kind: { readonly plural: string }, other: { readonly plural: string }): boolean {
  return kind.plural === other.plural;
}

/** Why nothing may end the pod from here on: what is in force stays, whatever the spec asks for. */
export function leavingStep({ world, facts }: Scene & { readonly facts: Facts }): {
  readonly leaving: Refusal | undefined;
} {
  return { leaving: volumeBeingDeleted(world, facts) };
}

/** A volume that is being deleted and that its user wants to go does so with the pod. */
export function releaseStep({ world }: Scene): Outcome | undefined {
  const { pod } = world;
  const uses = pod?.spec?.nodeName !== undefined && pod.metadata.deletionTimestamp === undefined;
  if (!uses || releasedClaim(world) === undefined) return undefined;
  return acting([restartPod(world, 'its volume claim is let go')], [VOLUME_RELEASED]);
}

const VOLUME_RELEASED: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.startedEmpty,
  note: 'The annotation start-empty names the volume claim that is being deleted: the pod is ended, and the data goes with the volume.',
};
