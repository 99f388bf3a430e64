import assert from 'node:assert/strict';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { Secret } from '../../../kube/kinds.ts';
import { ADMIN_KEY, decode } from '../../facts.ts';
import { isPassword } from '../../fresh.ts';
import { childNames } from '../../names.ts';
import type { ModelApi, Stored } from './model-api.ts';
import type { ModelNode } from './model-node.ts';

/** What must hold after every single write, whoever made it. Throws at the one that breaks it. */
export class Invariants {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #names: ReturnType<typeof childNames>;
  readonly #addonName: string;
  /** As told to apps and in status. An admin Secret that was made anew may hold another for a moment. */
  #id: string | undefined;
  /** The password that apps were last told. */
  #published: string | undefined;
  /** Since then no copy of it was left. */
  #forgotten = false;
  /** Restarts of an app that there was a reason for, and those that came. */
  #causes = 0;
  #restarts = 0;

  constructor(api: ModelApi, node: ModelNode, addonName: string) {
    this.#api = api;
    this.#node = node;
    this.#addonName = addonName;
    this.#names = childNames(addonName);
    api.watch((before, after) => this.#check(before, after));
  }

  /** Something happened for which each app may be restarted once. */
  cause(): void {
    this.#causes += 1;
  }

  #check(before: Stored | undefined, after: Stored | undefined): void {
    this.#claimIsKept(before, after);
    this.#idIsMadeOnce(after);
    this.#passwordIsKept(after);
    this.#restartsHaveCauses(before, after);
  }

  #claimIsKept(before: Stored | undefined, after: Stored | undefined): void {
    if (before?.kind !== 'PersistentVolumeClaim') return;
    const goes = after === undefined || after.metadata.deletionTimestamp !== undefined;
    if (!goes || before.metadata.deletionTimestamp !== undefined) return;
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    assert(
      addon?.metadata.deletionTimestamp !== undefined && addon.spec.deletionPolicy === 'Delete',
      'the volume claim was deleted though nobody wanted that',
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
      this.cause();
    }
    if (after?.kind !== 'Secret' || after.metadata.name !== this.#names.urlSecret) return;
    const password = passwordIn(after as Secret);
    if (password === undefined) return;
    if (this.#published !== undefined && password !== this.#published) {
      assert(this.#forgotten, 'another password was published while a copy of the first survived');
    }
    const user = this.#node.engine()?.users.get(this.#id ?? '');
    if (user !== undefined && password !== this.#published)
      assert.equal(user.password, password, 'a password was published before the database took it');
    this.#published = password;
    this.#forgotten = false;
  }

  #restartsHaveCauses(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#api.writer !== 'Operator' || before?.kind !== 'Deployment' || after === undefined) return;
    if (before.metadata.generation === after.metadata.generation) return;
    this.#restarts += 1;
    assert(
      this.#restarts <= this.#causes,
      `${this.#restarts} restarts of an app for ${this.#causes} reasons`,
    );
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
  return url === undefined ? undefined : new URL(url).username;
}
