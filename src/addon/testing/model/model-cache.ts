import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type * as kinds from '../../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { appEntries } from '../../apps/entries.ts';
import { keyOf, ADDON_LABEL, childNames, userSecretName } from '../../world/names.ts';
import { slimWorkload } from '../../apps/view.ts';
import { type Workload, type World } from '../../world/world.ts';
import { type Memory } from '../../world/memory.ts';
import { appsOf } from '../../../api/addon-defaults.ts';
import type { Children } from '../../world/children.ts';
import { slimStatefulSet } from '../../children/intent/rendered.ts';
import { SETTINGS, worldOf } from '../fixtures.ts';
import { type ModelApi, type Stored } from './model-api.ts';

/** So often that a database is measured before it is called settled. */
const MEASURE_EVERY_MS = 60_000;

/** What one operator process has heard of the objects, which may be less than has happened. */
export class ModelCache {
  readonly #api: ModelApi;
  readonly #addonName: string;
  #objects = new Map<string, Stored>();
  readonly #slimmed = new WeakMap<object, object>();
  /** Not all that happened has come here yet. */
  behind = false;

  constructor(api: ModelApi, addonName: string) {
    this.#api = api;
    this.#addonName = addonName;
  }

  /** Takes over all that has happened, apart from what happened to these objects. */
  sync(stale: ReadonlySet<string>): void {
    this.behind = stale.size > 0;
    const next = new Map<string, Stored>();
    for (const [key, object] of this.#api.entries()) {
      const cached = this.#objects.get(key);
      if (!stale.has(key)) next.set(key, object);
      else if (cached !== undefined) next.set(key, cached);
    }
    for (const [key, cached] of this.#objects) if (stale.has(key) && !next.has(key)) next.set(key, cached);
    this.#objects = next;
  }

  /** A new process lists everything. */
  list(): void {
    this.#objects = new Map(this.#api.entries());
  }

  forget(key: string): void {
    this.#objects.delete(key);
  }

  get addon(): Live<InfluxAddon> | undefined {
    return this.#cached<InfluxAddon>('InfluxAddon', this.#addonName);
  }

  /** The world as it is seen; undefined when there is no such addon. */
  world(memory: Memory): World | undefined {
    const { addon } = this;
    if (addon === undefined) return undefined;
    const names = childNames(this.#addonName);
    const statefulSet = this.#cached<kinds.StatefulSet>('StatefulSet', names.statefulSet);
    const children: Children = {
      adminSecret: this.#cached('Secret', names.adminSecret),
      adminCopy: this.#cached('Secret', names.adminCopy),
      urlSecret: this.#cached('Secret', names.urlSecret),
      bindingSecret: this.#cached('Secret', names.bindingSecret),
      claim: this.#cached('PersistentVolumeClaim', names.claim),
      service: this.#cached('Service', names.service),
      statefulSet: statefulSet && this.#slim(statefulSet, slimStatefulSet),
      networkPolicy: this.#cached('NetworkPolicy', names.networkPolicy),
      tlsSecret: this.#cached('Secret', names.tlsSecret),
      agentSecret: this.#cached('Secret', names.agentSecret),
      externalService: this.#cached('Service', names.externalService),
    };
    const apps = new Map<string, Live<Workload>>();
    for (const app of [...appEntries({ addon, memory: memory }), ...appsOf(addon)]) {
      const workload = this.#cached<Workload>(app.kind, app.name);
      if (workload !== undefined) apps.set(keyOf(app), this.#slim(workload, slimWorkload));
    }
    const pod = this.#cached<kinds.Pod>('Pod', names.pod);
    const prefix = `Secret/${userSecretName(this.#addonName, '')}`;
    const userSecrets = new Map(
      [...this.#objects]
        .filter(
          ([key, object]) => key.startsWith(prefix) && object.metadata.labels?.[ADDON_LABEL] !== undefined,
        )
        .map(([key, object]) => [key.slice(prefix.length), object as Live<kinds.Secret>]),
    );
    return worldOf({
      addon,
      children,
      userSecrets,
      pod,
      apps,
      memory: memory,
      settings: { ...SETTINGS, measureEveryMs: MEASURE_EVERY_MS },
    });
  }

  /** Of a write; `known`: its answer arrives. */
  record(object: Stored, known: boolean): void {
    const key = `${object.kind}/${object.metadata.name}`;
    if (!known) return;
    const live = this.#api.get(object.kind ?? '', object.metadata.name);
    if (live === undefined) this.#objects.delete(key);
    else this.#objects.set(key, object);
  }

  /** As the cache's transform: once for each state of an object. */
  #slim<T extends object>(object: T, transform: (object: T) => T): T {
    const slim = (this.#slimmed.get(object) as T | undefined) ?? transform(object);
    this.#slimmed.set(object, slim);
    return slim;
  }

  #cached<T extends KubeObject>(kind: string, name: string): Live<T> | undefined {
    return this.#objects.get(`${kind}/${name}`) as Live<T> | undefined;
  }
}

/** An object of ours that lost its labels, with them. */
export function relabelled(live: Stored, intent: KubeObject): Stored {
  return {
    ...live,
    metadata: { ...live.metadata, labels: { ...live.metadata.labels, ...intent.metadata?.labels } },
  };
}
