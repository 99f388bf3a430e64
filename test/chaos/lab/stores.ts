import { childNames } from '../../../src/addon/world/names.ts';
import { PersistentVolumeClaim, Pod } from '../../../src/kube/objects/kinds.ts';
import type { Database } from '../../cluster/fakes/engine/state.ts';
import type { FakeKubelet, JobRunner } from '../../cluster/fakes/fake-kubelet.ts';
import { FakeStore, specOf } from '../../integration/fake-store.ts';
import type { Recorder } from './recorder.ts';

/** A store for backups in each namespace, and the Jobs on it, which move what is in the fake engines. */
export class RunStores {
  readonly #recorder: Recorder;
  readonly #kubelet: FakeKubelet;
  readonly #byNamespace = new Map<string, FakeStore>();
  /** By namespace, how many pods ended that did each operation. */
  readonly #ended = new Map<string, Record<string, number>>();
  /** UIDs of the pods that have ended. */
  readonly #pods = new Set<string>();

  constructor(recorder: Recorder, kubelet: FakeKubelet) {
    this.#recorder = recorder;
    this.#kubelet = kubelet;
    kubelet.jobs = this.#run;
  }

  of(namespace: string): FakeStore {
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const store = new FakeStore();
    /** What was in the database when it was backed up, by UID of the backup. */
    const contents = new Map<string, Database>();
    store.onBackup = (spec) => {
      const database = this.#databaseOf(namespace, spec.about.addonName, spec.database.name);
      if (database !== undefined) contents.set(spec.location.uid, structuredClone(database));
    };
    store.onRestore = (spec, claimName) => {
      if (spec.operation !== 'restore') return;
      const database = contents.get(spec.location.uid);
      const claim = this.#recorder.get(PersistentVolumeClaim, namespace, claimName);
      if (database === undefined || claim === undefined)
        throw new Error(`nothing to restore on ${claimName}`);
      const { name } = spec.target;
      const state = this.#kubelet.engine.state(claim.metadata.uid);
      state.databases.set(name, { ...structuredClone(database), name });
    };
    this.#byNamespace.set(namespace, store);
    return store;
  }

  /** What is whole in the store of a namespace, as it can be compared between runs. */
  state(namespace: string): unknown {
    const store = this.#byNamespace.get(namespace);
    if (store === undefined) return undefined;
    const whole: Record<string, number> = {};
    for (const { about } of store.objects.values())
      whole[`${about.kind} of ${about.addonName}`] = (whole[`${about.kind} of ${about.addonName}`] ?? 0) + 1;
    return { whole, ended: this.#ended.get(namespace) };
  }

  forget(namespace: string): void {
    this.#byNamespace.delete(namespace);
    this.#ended.delete(namespace);
  }

  readonly #run: JobRunner = async (pod) => {
    const { namespace, uid } = pod.metadata;
    const end = await this.of(namespace).run(pod);
    const { operation } = specOf(pod);
    // A pod whose end could not be written ends again. How often a store is looked at goes by the clock.
    if (end === undefined || this.#pods.has(uid) || operation === 'check' || operation === 'list') return end;
    this.#pods.add(uid);
    const ended = this.#ended.get(namespace) ?? {};
    this.#ended.set(namespace, { ...ended, [operation]: (ended[operation] ?? 0) + 1 });
    return end;
  };

  #databaseOf(namespace: string, addon: string, name: string): Database | undefined {
    const pod = this.#recorder.get(Pod, namespace, childNames(addon).pod);
    const claimName = pod?.spec?.volumes?.find(({ name: is }) => is === 'data')?.persistentVolumeClaim
      ?.claimName;
    const claim = this.#recorder.get(PersistentVolumeClaim, namespace, claimName ?? '');
    return claim && this.#kubelet.engine.state(claim.metadata.uid).databases.get(name);
  }
}
