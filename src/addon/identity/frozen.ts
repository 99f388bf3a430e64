import { isDeepStrictEqual } from 'node:util';
import { EVENT_REASON } from '../../api/reasons.ts';
import { given } from '../../kube/objects/given.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind, Secret } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, Announcement, CreateAction, DeleteAction } from '../decision/action.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { acting, heldBack, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { decode } from '../world/secret-data.ts';
import type { World } from '../world/world.ts';
import { ADMIN_KEY } from './admin-keys.ts';
import { isIdOf, isPassword } from './fresh.ts';
import { hadData } from './had-data.ts';
import { isOfPredecessor } from './predecessor.ts';

/*
 * The API server takes no other content for a Secret with `immutable: true`, and never lets that mark be taken away. So
 * a Secret of ours that somebody gave the mark is made again, with what it holds and before anything of that has to
 * change.
 */

/** Immutable Secrets are made again: the admin Secret first and by itself, under whose content all others can be made. */
export function frozenStep({ world, now }: Scene): Outcome | undefined {
  const active = activeFindings(world, now.getTime());
  const isFree = (actions: readonly Action[]) => actions.every((each) => !findingOf(each, active));
  const admin = adminAgain(world);
  if (admin.length > 0 && isFree(admin)) return acting(admin, toldOf(admin));
  // What only the copy knows is not made up from other sources.
  const [first] = admin;
  if (first?.do === 'create' && world.children.adminSecret === undefined)
    return heldBack(world, NOTHING_KNOWN, findingOf(first, active));
  const others = othersOf(world).filter(isFrozen).map(again).filter(isFree).flat();
  return others.length === 0 ? undefined : acting(others, toldOf(others));
}

const NOTHING_KNOWN = { facts: undefined, unimplemented: [], refusal: undefined };

/**
 * The admin Secret is the only one that nothing else can be made of: its content is stored under a second name first,
 * from which it comes back after a crash. That goes when it is there again, and before it is changed: an old copy would
 * bring back old credentials.
 */
function adminAgain(world: World): (CreateAction | DeleteAction)[] {
  const { adminSecret: admin, adminCopy: copy } = world.children;
  const { name: addonName } = world.addon.metadata;
  const names = childNames(addonName);
  if (copy?.metadata.deletionTimestamp !== undefined) return [];
  if (admin === undefined)
    return copy !== undefined && isWellFormed(addonName, copy) ? [making(copy, names.adminSecret)] : [];
  if (admin.metadata.deletionTimestamp !== undefined) return [];
  const isStored = copy !== undefined && isDeepStrictEqual(copy.data, admin.data);
  if (isFrozen(admin) && copy === undefined) return [making(marked(world, admin), names.adminCopy)];
  if (isFrozen(admin) && isStored)
    return [{ ...removing(admin, FROZEN), follows: copy }, making(copy, names.adminSecret)];
  return copy === undefined ? [] : [{ ...removing(copy, 'the admin Secret is there'), follows: admin }];
}

function isWellFormed(addonName: string, secret: Secret): boolean {
  const data = decode(secret);
  return isIdOf(addonName, data[ADMIN_KEY.id]) && isPassword(data[ADMIN_KEY.password]);
}

/** One of a release that did not write down for whom it was made tells by its age, which it is about to lose. */
function marked(world: World, admin: Live<Secret>): Live<Secret> {
  const { annotations, ...metadata } = admin.metadata;
  const isFormer = world.addon.status?.dataPlane?.revision === undefined && hadData(world);
  if (annotations?.[ANNOTATION.madeFor] !== undefined || !isFormer) return admin;
  const madeFor = { [ANNOTATION.madeFor]: 'an-addon-of-before' };
  return { ...admin, metadata: { ...metadata, annotations: { ...annotations, ...madeFor } } };
}

/** All others, without those that go with an addon of this name that was deleted. */
function othersOf({ addon, children, userSecrets }: World): Live<Secret>[] {
  const { urlSecret, bindingSecret, tlsSecret, agentSecret } = children;
  return [urlSecret, bindingSecret, tlsSecret, agentSecret, ...(userSecrets?.values() ?? [])].filter(
    (secret) => secret !== undefined && !isOfPredecessor(addon, secret),
  ) as Live<Secret>[];
}

export function isFrozen({ immutable, metadata }: Live<Secret>): boolean {
  return immutable === true && metadata.deletionTimestamp === undefined;
}

function again(secret: Live<Secret>): (CreateAction | DeleteAction)[] {
  return [removing(secret, FROZEN), making(secret, secret.metadata.name)];
}

function making(content: Live<Secret>, name: string): CreateAction {
  const { namespace, labels, annotations, ownerReferences } = content.metadata;
  const object: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...given({ namespace, labels, annotations, ownerReferences }) },
    ...given({ type: content.type, data: content.data }),
  };
  return { do: 'create', kind: kinds.Secret as Kind<KubeObject>, object };
}

function removing({ metadata }: Live<Secret>, why: string): DeleteAction {
  const { name, namespace = '', uid, resourceVersion } = metadata;
  const kind = kinds.Secret as Kind<KubeObject>;
  return { do: 'delete', kind, key: { name, namespace }, uid, resourceVersion, why, mayBeRefused: true };
}

const FROZEN = 'it was made immutable';

function toldOf(actions: readonly (CreateAction | DeleteAction)[]): Announcement[] {
  return actions.flatMap((action) => {
    if (action.do !== 'delete' || action.why !== FROZEN) return [];
    const note = `Secret ${action.key.name} was made immutable, and is made again with the same content.`;
    return [{ type: 'Normal', reason: EVENT_REASON.childRestored, note }];
  });
}
