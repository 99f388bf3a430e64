import { acting, resting, telling, type Outcome } from '../decision/outcome.ts';
import { blockedPicture } from '../decision/picture.ts';
import type { Scene } from '../decision/story.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import type { Action } from '../decision/action.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import { difference, replacement, withIntentHash } from '../children/intent/merge.ts';
import { buildRoleBinding } from './role-binding.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';

export type AccessStep =
  | { readonly step: 'Act'; readonly action: Action }
  /** `refusal` once it is time to say so. */
  | { readonly step: 'Wait'; readonly refusal: Refusal | undefined; readonly requeueAfterMs: number };

/** What a wait for rights is called, and when it is worth telling the user. */
export const WAITING_FOR_ACCESS = 'the rights in the namespace of the addon';
const TELL_AFTER_MS = 15_000;

/** What comes before everything else: the rights to see what there is. Undefined when the operator has them. */
export function accessStep(world: World, now: Date): AccessStep | undefined {
  const { addon, access, settings } = world;
  if (settings.tenancy !== undefined) {
    const binding = bindingAction(world);
    const finding =
      binding === undefined ? undefined : findingOf(binding, activeFindings(world, now.getTime()));
    if (finding !== undefined) {
      return { step: 'Wait', refusal: finding, requeueAfterMs: finding.untilMs - now.getTime() };
    }
    if (binding !== undefined) return { step: 'Act', action: binding };
  }
  if (access.known) return undefined;
  const { waiting } = world.memory;
  const late = waiting?.what === WAITING_FOR_ACCESS && now.getTime() - waiting.sinceMs >= TELL_AFTER_MS;
  const message = `The operator may not read the Secrets of namespace ${addon.metadata.namespace} yet, without which it can do nothing for the addon; its log says why.`;
  const refusal = late ? { reason: STALLED_REASON.forbidden, message } : undefined;
  return { step: 'Wait', refusal, requeueAfterMs: TELL_AFTER_MS };
}

/** The rights that an ending addon got without an owner go before the finalizer does. */
export function releaseAccess({ addon, access }: World): Action | undefined {
  const { binding } = access;
  if (binding === undefined || binding.metadata.deletionTimestamp !== undefined) return undefined;
  const owned = binding.metadata.ownerReferences?.some(({ uid }) => uid === addon.metadata.uid) ?? false;
  if (owned) return undefined;
  const { name, namespace, uid, resourceVersion } = binding.metadata;
  const key = { name, namespace: namespace ?? '' };
  const why = 'the addon is cleaned up';
  return { do: 'delete', kind: kinds.RoleBinding as Kind<KubeObject>, key, uid, resourceVersion, why };
}

function bindingAction({ addon, access, settings }: World): Action | undefined {
  const { binding } = access;
  if (settings.tenancy === undefined) return undefined;
  const intent = buildRoleBinding(addon, settings.tenancy);
  const kind = kinds.RoleBinding as Kind<KubeObject>;
  if (binding === undefined) return { do: 'create', kind, object: withIntentHash(intent) };
  // Whatever it looks like, it is good enough to clean up with; and one that is going is made anew when it is gone.
  if (addon.metadata.deletionTimestamp !== undefined || binding.metadata.deletionTimestamp !== undefined)
    return undefined;
  const why = difference(binding, intent);
  return why === undefined ? undefined : { do: 'replace', kind, object: replacement(binding, intent), why };
}

/**
 * The operator cannot see what there is: that is no reason to say that there is nothing. Told after a while only, since
 * each start of the operator goes through it.
 */
export function rightsStep({ world, now }: Scene): Outcome | undefined {
  const access = accessStep(world, now);
  if (access === undefined) return undefined;
  if (access.step === 'Act') return acting([access.action]);
  const { refusal, requeueAfterMs } = access;
  const again = { requeueAfterMs, waitingFor: WAITING_FOR_ACCESS };
  if (refusal === undefined) return resting(again);
  const blocked = blockedPicture(world, refusal, undefined, []);
  const before = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  const { reason, message } = before ?? blocked.available;
  return telling({ ...blocked, available: { status: before?.status === 'True', reason, message } }, again);
}
