import assert from 'node:assert/strict';
import { appsOf, stateOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { PersistentVolumeClaim, Pod, Secret, StatefulSet } from '../../../kube/objects/kinds.ts';
import { compareQuantities } from '../../../kube/objects/quantity.ts';
import { ADMIN_KEY } from '../../identity/admin-keys.ts';
import type { InForce } from '../../world/facts.ts';
import { decode } from '../../world/secret-data.ts';
import { ANNOTATION, childNames } from '../../world/names.ts';
import type { Workload } from '../../world/world.ts';
import type { ModelApi, Stored } from './model-api.ts';
import type { ModelNode } from './model-node.ts';
import type { Obstacles } from './obstacles.ts';

/** What was taken when it was asked about is made within this, whatever is forbidden since. */
const TAKEN_MS = 60_000;

/** What must hold when the operator restarts an app, or stops the database. Throws at the write that breaks it. */
export class RestartInvariants {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #obstacles: Obstacles;
  readonly #names: ReturnType<typeof childNames>;
  readonly #addonName: string;
  readonly #now: () => number;
  /** Restarts of an app that there was a reason for, and those that came. */
  #causes = 0;
  #restarts = 0;
  /** When a change was last taken by dry run. */
  #takenMs = -Infinity;
  /** Secrets that others have changed since the operator wrote them: it may not have seen that yet. */
  readonly #spoilt = new Set<string>();

  constructor(options: {
    api: ModelApi;
    node: ModelNode;
    obstacles: Obstacles;
    addonName: string;
    now: () => number;
  }) {
    this.#api = options.api;
    this.#node = options.node;
    this.#obstacles = options.obstacles;
    this.#addonName = options.addonName;
    this.#names = childNames(options.addonName);
    this.#now = options.now;
    options.api.watch((before, after) => this.#check(before, after));
  }

  /** The API server was asked about a change, and takes it. */
  taken(): void {
    this.#takenMs = this.#now();
  }

  /** Something happened for which each app may be restarted once. */
  cause(): void {
    this.#causes += 1;
  }

  #check(before: Stored | undefined, after: Stored | undefined): void {
    const { kind, metadata } = (after ?? before) as Stored;
    const isOurs = this.#api.writer === 'Operator';
    const isRead = [this.#names.urlSecret, this.#names.adminSecret].includes(metadata.name);
    if (kind === 'Secret' && isRead) {
      if (isOurs && !this.#obstacles.changes(`Secret/${metadata.name}`)) this.#spoilt.delete(metadata.name);
      else this.#spoilt.add(metadata.name);
    }
    if (!isOurs || before === undefined || after === undefined) return;
    if (before.metadata.generation === after.metadata.generation) return;
    if (kind === 'Deployment') {
      this.#restartsHaveCauses();
      this.#secretIsStored(after as unknown as Workload);
    }
    if (kind === 'StatefulSet' && metadata.name === this.#names.statefulSet)
      this.#stopsForNothingRefused(before as Stored & StatefulSet, after as Stored & StatefulSet);
  }

  #restartsHaveCauses(): void {
    this.#restarts += 1;
    assert(
      this.#restarts <= this.#causes,
      `${this.#restarts} restarts of an app for ${this.#causes} reasons`,
    );
  }

  /** Whatever the pods of the app will read is there, and what is in force. */
  #secretIsStored({ spec }: Workload): void {
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    if (this.#spoilt.size > 0 || addon === undefined || appsOf(addon).length === 0) return;
    if (addon.metadata.deletionTimestamp !== undefined) return; // its variables are taken out
    const data = decode(this.#api.get<Secret>('Secret', this.#names.urlSecret));
    const named = (spec?.template.spec?.containers ?? [])
      .flatMap(({ env = [] }) => env)
      .flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? [])
      .filter(({ name }) => name === this.#names.urlSecret);
    for (const { key } of named) assert(key in data, `the app was restarted before ${key} was stored`);
    const inForce = decode(this.#api.get<Secret>('Secret', this.#names.adminSecret))[ADMIN_KEY.password];
    for (const url of Object.values(data))
      assert.equal(new URL(url).password, inForce, 'the app was restarted with a former password');
  }

  #stopsForNothingRefused(before: StatefulSet, after: StatefulSet): void {
    const addon = this.#api.get<InfluxAddon>('InfluxAddon', this.#addonName);
    const pod = this.#api.get<Pod>('Pod', this.#names.pod);
    const runs = this.#node.answering() !== undefined && addon !== undefined && stateOf(addon) === 'Running';
    const template = after.spec?.template;
    if (
      !runs ||
      pod === undefined ||
      template === undefined ||
      addon.metadata.deletionTimestamp !== undefined
    )
      return;
    if (JSON.stringify(template) === JSON.stringify(before.spec?.template)) return;
    const pods = this.#obstacles.refusedSince(`Pod/${this.#names.pod}`, template as Pod);
    assert(!this.#isKnown(pods), 'a database that runs was stopped for a pod that is refused');
    const claim = this.#obstacles.refusedSince(`PersistentVolumeClaim/${this.#names.claim}`);
    const grows = this.#isToGrow(after);
    assert(!grows || !this.#isKnown(claim), 'a database that runs was stopped, and its volume may not grow');
  }

  /** It was refused when the operator had to ask, at the latest. */
  #isKnown(sinceMs: number | undefined): boolean {
    const isFresh = this.#now() - this.#takenMs <= TAKEN_MS;
    return sinceMs !== undefined && !(isFresh && this.#takenMs <= sinceMs);
  }

  /** The plan that comes into force has a larger volume than the claim asks for. */
  #isToGrow({ metadata }: StatefulSet): boolean {
    const { plan } = JSON.parse(metadata?.annotations?.[ANNOTATION.inForce] ?? '{}') as Partial<InForce>;
    const claim = this.#api.get<PersistentVolumeClaim>('PersistentVolumeClaim', this.#names.claim);
    const asked = claim?.spec?.resources?.requests?.['storage'];
    return plan !== undefined && asked !== undefined && compareQuantities(plan.spec.storage.size, asked) > 0;
  }
}
