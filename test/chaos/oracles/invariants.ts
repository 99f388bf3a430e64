import { decode } from '../../../src/addon/world/secret-data.ts';
import { ADDON_LABEL } from '../../../src/addon/world/names.ts';
import type { InfluxAddon } from '../../../src/api/kinds.ts';
import type { Secret } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import type { Revision } from '../lab/recorder.ts';
import type { Allowance } from '../scenario.ts';

/** What must hold in every state of every object, whoever wrote it and whatever strikes. */
export class Invariants {
  readonly violations: string[] = [];
  readonly #allows: Allowance;
  readonly #before = new Map<string, Live<KubeObject>>();
  /** Uids of claims that were deleted. */
  readonly #volumes = new Set<string>();
  /** By addon, the passwords that its applications were told, in order. */
  readonly #passwords = new Map<string, string[]>();
  /** By owner, the uids of StatefulSets that are there. */
  readonly #sets = new Map<string, Set<string>>();

  constructor(allows: Allowance) {
    this.#allows = allows;
  }

  take({ kind, type, object }: Revision): void {
    const key = `${kind}/${object.metadata.name}`;
    const found = this.#before.get(key);
    const before = found?.metadata.uid === object.metadata.uid ? found : undefined;
    if (type === 'DELETED') this.#before.delete(key);
    else this.#before.set(key, object);
    if (kind === 'PersistentVolumeClaim') this.#volume(type, object);
    if (kind === 'StatefulSet') this.#statefulSet(type, object);
    if (kind === 'Secret' && type !== 'DELETED') this.#secret(object);
    if (kind === 'InfluxAddon' && type !== 'DELETED')
      this.#status(object as Live<InfluxAddon>, before as Live<InfluxAddon> | undefined);
  }

  #volume(type: Revision['type'], { metadata }: Live<KubeObject>): void {
    if (type !== 'DELETED' && metadata.deletionTimestamp === undefined) return;
    this.#volumes.add(metadata.uid);
    if (this.#volumes.size > (this.#allows.volumes ?? 0))
      this.#violated(`the volume claim ${metadata.name} was deleted though nobody asked for that`);
  }

  #statefulSet(type: Revision['type'], { metadata }: Live<KubeObject>): void {
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'InfluxAddon')?.uid;
    if (owner === undefined) return;
    const live = this.#sets.get(owner) ?? new Set();
    this.#sets.set(owner, live);
    if (type === 'DELETED') live.delete(metadata.uid);
    else live.add(metadata.uid);
    if (live.size > 1) this.#violated(`the addon with uid ${owner} has ${live.size} StatefulSets at once`);
  }

  #secret(object: Live<KubeObject>): void {
    const addon = object.metadata.labels?.[ADDON_LABEL];
    const url = Object.values(decode(object as Secret)).find((text) => /^https?:\/\/.+@/.test(text));
    if (addon === undefined || url === undefined || object.metadata.name !== `${addon}-influx`) return;
    if (!URL.canParse(url)) return;
    const { password } = new URL(url);
    const told = this.#passwords.get(addon) ?? [];
    this.#passwords.set(addon, told);
    // A user's edit is no password of ours, and is taken back: it was told before.
    if (!/^[A-Za-z0-9_-]{22,72}$/.test(password) || told.includes(password)) return;
    told.push(password);
    if (told.length > 1 + (this.#allows.passwords ?? 0))
      this.#violated(`another password of ${addon} was published though nobody asked for that`);
  }

  #status({ metadata, status }: Live<InfluxAddon>, before: Live<InfluxAddon> | undefined): void {
    if (status === undefined) return;
    const { observedGeneration = -1, conditions = [] } = status;
    const { generation = 0, name } = metadata;
    if (observedGeneration > generation)
      this.#violated(`${name} says it has observed generation ${observedGeneration} of ${generation}`);
    if (observedGeneration < (before?.status?.observedGeneration ?? -1))
      this.#violated(`observedGeneration of ${name} went back to ${observedGeneration}`);
    if (before?.status?.id !== undefined && status.id !== before.status.id)
      this.#violated(`the id of ${name} changed from ${before.status.id} to ${String(status.id)}`);
    const types = conditions.map(({ type }) => type);
    if (new Set(types).size !== types.length)
      this.#violated(`${name} has a condition twice: ${types.join(', ')}`);
    for (const condition of conditions) this.#condition(condition, generation, before?.status?.conditions);
    const is = (type: string) => conditions.find((each) => each.type === type);
    const ready = is('Ready');
    if (ready?.status !== 'True') return;
    if (is('Stalled')?.status === 'True') this.#violated(`${name} is Ready and Stalled at once`);
    if (ready.reason !== 'Stopped' && is('Available')?.status !== 'True')
      this.#violated(`${name} is Ready and not Available`);
  }

  #condition(
    condition: NonNullable<NonNullable<InfluxAddon['status']>['conditions']>[number],
    generation: number,
    before: NonNullable<InfluxAddon['status']>['conditions'],
  ): void {
    const { type, status, reason, lastTransitionTime, observedGeneration } = condition;
    const was = before?.find((each) => each.type === type);
    if (!['True', 'False', 'Unknown'].includes(status) || !/^[A-Z][A-Za-z]*$/.test(reason))
      this.#violated(`the condition ${type} is ${status} for the reason "${reason}"`);
    if ((observedGeneration ?? 0) > generation)
      this.#violated(`the condition ${type} is about a generation to come`);
    if (was === undefined) return;
    if (was.status === status && was.lastTransitionTime !== lastTransitionTime)
      this.#violated(`lastTransitionTime of ${type} moved, and its status did not`);
    if ((observedGeneration ?? 0) < (was.observedGeneration ?? 0))
      this.#violated(`observedGeneration of ${type} went back`);
  }

  #violated(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }
}
