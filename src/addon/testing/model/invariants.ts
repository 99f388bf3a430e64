import assert from 'node:assert/strict';
import { Annotation } from '../../../api/annotations.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { PersistentVolumeClaim, Secret } from '../../../kube/objects/kinds.ts';
import { compareQuantities } from '../../../kube/objects/quantity.ts';
import { ADMIN_KEY } from '../../identity/admin-keys.ts';
import { decode } from '../../world/secret-data.ts';
import { STALLED_REASON } from '../../../api/reasons.ts';
import { isPassword } from '../../identity/fresh.ts';
import { childNames } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';
import type { ModelApi, Stored } from './model-api.ts';
import type { ModelNode } from './model-node.ts';

/** What must hold after every single write, whoever made it. Throws at the one that breaks it. */
export class Invariants {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #names: ReturnType<typeof childNames>;
  readonly #addonName: string;
  /** Rotations that were asked for and have yet to change what is published. */
  #rotations = 0;
  /** An app can log in at every moment. Off while somebody damages what it logs in with. */
  appsCanLogIn = false;
  /** As told to apps and in status. An admin Secret that was made anew may hold another for a moment. */
  #id: string | undefined;
  /** The password that apps were last told. */
  #published: string | undefined;
  /** Since then no copy of it was left. */
  #forgotten = false;
  /** UID of a claim that is gone, with the data of a database that had answered. */
  #lost: string | undefined;
  /** Since then somebody gave up what status told as lost, be it under the UID of the claim that it heard of last. */
  #isGivenUp = false;
  /** Told of what apps may be restarted for. */
  readonly #cause: () => void;

  constructor(api: ModelApi, node: ModelNode, addonName: string, cause: () => void) {
    this.#api = api;
    this.#cause = cause;
    this.#node = node;
    this.#addonName = addonName;
    this.#names = childNames(addonName);
    api.watch((before, after) => this.#check(before, after));
    node.onEngineChange = () => this.#theAppCanLogIn();
  }

  /** Something happened for which each app may be restarted once. */
  cause(): void {
    this.#cause();
  }

  rotationAsked(): void {
    this.#rotations += 1;
    this.#cause();
  }

  #check(before: Stored | undefined, after: Stored | undefined): void {
    this.#claimIsKept(before, after);
    this.#podOfALeavingClaimIsKept(before, after);
    this.#givesUp(before, after);
    this.#nothingEmptyTakesThePlace(before, after);
    this.#volumeOnlyGrows(before, after);
    this.#idIsMadeOnce(after);
    this.#recordsAreLost(before, after);
    this.#passwordIsKept(after);
    this.#namedKeysStay(before, after);
    this.#theAppCanLogIn();
  }

  #claimIsKept(before: Stored | undefined, after: Stored | undefined): void {
    if (before?.kind !== 'PersistentVolumeClaim') return;
    if (this.#api.writer !== 'Operator') return;
    const { uid } = before.metadata;
    const goes = after === undefined || after.metadata.deletionTimestamp !== undefined;
    if (!goes || before.metadata.deletionTimestamp !== undefined) return;
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    const isBroken = (before as PersistentVolumeClaim).status?.phase === 'Lost';
    const isEmpty = addon?.status?.dataPlane?.revision === undefined;
    const isGivenUp = isBroken && (isEmpty || this.#startsEmpty(uid));
    assert(
      isGivenUp ||
        (addon?.metadata.deletionTimestamp !== undefined && addon.spec.deletionPolicy === 'Delete'),
      'the volume claim was deleted though nobody wanted that',
    );
  }

  /** The end of the pod is the end of the data. */
  #podOfALeavingClaimIsKept(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#api.writer !== 'Operator' || before === undefined) return;
    const { kind, metadata } = before;
    const isSet = kind === 'StatefulSet' && metadata.name === this.#names.statefulSet;
    const isPod = kind === 'Pod' && metadata.name === this.#names.pod;
    const claim = this.#api.get<PersistentVolumeClaim>('PersistentVolumeClaim', this.#names.claim);
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    if (!(isSet || isPod) || claim?.metadata.deletionTimestamp === undefined) return;
    if (claim.status?.phase === 'Lost') return; // nothing is left to go with the pod
    if (addon === undefined || addon.metadata.deletionTimestamp !== undefined) return;
    const isWritten = after === undefined || after.metadata.generation !== before.metadata.generation;
    assert(
      !isWritten || this.#startsEmpty(claim.metadata.uid),
      `the ${kind} was written while its volume claim is being deleted`,
    );
  }

  /** Nothing empty takes the place of what held data before somebody says so. */
  #nothingEmptyTakesThePlace(before: Stored | undefined, after: Stored | undefined): void {
    const object = after ?? before;
    if (object?.kind !== 'PersistentVolumeClaim' || object.metadata.name !== this.#names.claim) return;
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    if (after === undefined) {
      this.#lost = addon?.status?.dataPlane?.revision && object.metadata.uid;
      this.#isGivenUp = false;
    }
    if (before !== undefined || after === undefined) return;
    if (this.#api.writer !== 'Operator') this.#lost = undefined; // the volume of before is bound again
    const isAsked = this.#lost === undefined || this.#isGivenUp || this.#startsEmpty(this.#lost);
    assert(isAsked, 'an empty volume was made unasked');
    this.#lost = undefined;
  }

  /** Of a claim that came and went while nobody could hear of it, no status has the UID. */
  #givesUp(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#api.writer === 'Operator' || after?.kind !== 'InfluxAddon') return;
    const [was, is] = [before, after].map((each) => each?.metadata.annotations?.[Annotation.startEmpty]);
    if (was === is || is === undefined) return;
    const stalled = (after as Stored & InfluxAddon).status?.conditions?.find(
      ({ type }) => type === 'Stalled',
    );
    const isTold = stalled?.reason === STALLED_REASON.dataLost && stalled.message.includes(`"${is}"`);
    if (isTold) this.#isGivenUp = true;
  }

  #startsEmpty(uid: string): boolean {
    const { annotations } = this.#api.get('InfluxAddon', this.#addonName)?.metadata ?? {};
    // Of a volume that was given up once and is empty again it is spelled otherwise than the first time.
    return [uid, `${uid}-again`].includes(annotations?.[Annotation.startEmpty] ?? '');
  }

  #volumeOnlyGrows(before: Stored | undefined, after: Stored | undefined): void {
    const [was, is] = [before, after].map((claim) => sizeIn(claim));
    if (was === undefined || is === undefined) return;
    const capacity = (before as PersistentVolumeClaim).status?.capacity?.['storage'] ?? was;
    const isGivenUp = compareQuantities(was, capacity) > 0 && compareQuantities(is, capacity) > 0;
    assert(
      compareQuantities(is, was) >= 0 || isGivenUp,
      `the volume was asked to shrink from ${was} to ${is}`,
    );
  }

  #idIsMadeOnce(after: Stored | undefined): void {
    const id = after === undefined ? undefined : idIn(after, this.#names);
    if (id === undefined) return;
    this.#id ??= id;
    assert.equal(id, this.#id, 'a second id was made');
  }

  #passwordIsKept(after: Stored | undefined): void {
    const copies = this.#copies();
    if (this.#published !== undefined && !copies.includes(this.#published) && !this.#forgotten) {
      this.#forgotten = true;
      this.#cause();
    }
    if (this.#api.writer !== 'Operator') return;
    if (after?.kind !== 'Secret' || after.metadata.name !== this.#names.urlSecret) return;
    const password = passwordIn(after as Secret);
    if (password === undefined) return;
    if (this.#published !== undefined && password !== this.#published) {
      assert(
        this.#forgotten || this.#rotations > 0,
        'another password was published while a copy of the first survived, and no rotation was asked for',
      );
      if (!this.#forgotten) this.#rotations -= 1;
    }
    const user = this.#node.engine()?.users.get(new URL(urlIn(after as Secret) ?? '').username);
    if (user !== undefined && password !== this.#published)
      assert.equal(user.password, password, 'a password was published before the database took it');
    this.#published = password;
    this.#forgotten = false;
  }

  /** A pod of an app whose template names a key that is gone does not start. */
  #namedKeysStay(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#api.writer !== 'Operator' || before?.kind !== 'Secret' || after === undefined) return;
    if (before.metadata.name !== this.#names.urlSecret) return;
    const [had, has] = [decode(before as Secret), decode(after as Secret)];
    const app = this.#api.get<Workload>('Deployment', 'web');
    const named = (app?.spec?.template.spec?.containers ?? [])
      .flatMap(({ env = [] }) => env)
      .flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? [])
      .filter(({ name }) => name === this.#names.urlSecret);
    for (const { key } of named)
      assert(!URL.canParse(had[key] ?? '') || key in has, `${key} was taken from under the app`);
  }

  /** Who destroys the record of a rotation may have it done twice. */
  #recordsAreLost(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#api.writer === 'Operator' || before?.kind !== 'Secret') return;
    if (before.metadata.name !== this.#names.adminSecret) return;
    const [had, has] = [before, after].map((each) => decode(each as Secret | undefined));
    const key = [ADMIN_KEY.rotation, ADMIN_KEY.rotatedFor].find((each) => had?.[each] !== has?.[each]);
    if (key !== undefined) this.rotationAsked();
    // Who puts an older one back brings the former password back, too, before it is changed once more.
    if (key !== undefined && had?.[ADMIN_KEY.password] !== has?.[ADMIN_KEY.password]) this.rotationAsked();
  }

  #theAppCanLogIn(): void {
    const url = this.#node.appUrl;
    const engine = this.#node.answering();
    if (!this.appsCanLogIn || url === undefined || engine === undefined) return;
    const { username, password, pathname } = new URL(url);
    const user = engine.users.get(username);
    assert(user?.password === password, `the app cannot log in as ${username}`);
    assert(user.grants.has(pathname.slice(1)), `the app may not write as ${username}`);
  }

  #copies(): (string | undefined)[] {
    const at = (name: string) => this.#api.get<Secret>('Secret', name);
    return [
      decode(at(this.#names.adminSecret))[ADMIN_KEY.password],
      passwordIn(at(this.#names.urlSecret)),
      decode(at(this.#names.bindingSecret))['password'],
    ];
  }
}

function sizeIn(object: Stored | undefined): string | undefined {
  if (object?.kind !== 'PersistentVolumeClaim') return undefined;
  return (object as PersistentVolumeClaim).spec?.resources?.requests?.['storage'];
}

/** The password in the URL that apps are told; undefined for a Secret that holds none. */
export function passwordIn(secret: Secret | undefined): string | undefined {
  const url = urlIn(secret);
  const password = url === undefined ? undefined : new URL(url).password;
  return isPassword(password) ? password : undefined;
}

function urlIn(secret: Secret | undefined): string | undefined {
  return Object.values(decode(secret)).find((value) => URL.canParse(value));
}

function idIn(object: Stored, names: ReturnType<typeof childNames>): string | undefined {
  const { kind, metadata } = object;
  if (kind === 'InfluxAddon') return (object as Stored & InfluxAddon).status?.id;
  if (kind !== 'Secret' || metadata.name !== names.urlSecret) return undefined;
  const url = urlIn(object as Secret);
  return url === undefined ? undefined : new URL(url).pathname.slice(1);
}
