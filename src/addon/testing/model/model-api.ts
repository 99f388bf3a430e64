import { isDeepStrictEqual } from 'node:util';
import { given } from '../../../kube/objects/given.ts';
import { mergePatch, strategicPatch, type Json } from '../../../kube/testing/patching.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { withApiDefaults } from '../api-defaults.ts';

export type Stored = Live<KubeObject & { spec?: object; status?: object; data?: Record<string, string> }>;

/** What the API server says to a write that it does not carry out. */
export class Refused extends Error {
  readonly code: 404 | 409;
  constructor(code: 404 | 409, message: string) {
    super(message);
    this.code = code;
  }
}

/** Told of every change of an object, after it. */
export type Watcher = (before: Stored | undefined, after: Stored | undefined) => void;

/** The objects of one namespace, with the API server's rules for uid, resourceVersion, generation and finalizers. */
export class ModelApi {
  /** By `Kind/name`. Objects are replaced, never changed. */
  readonly #objects = new Map<string, Stored>();
  readonly #watchers: Watcher[] = [];
  /** How often each name was created. */
  readonly #made = new Map<string, number>();
  /** Who writes now. */
  writer: 'Operator' | 'Other' = 'Other';
  /** What a webhook makes of what is about to be stored. */
  admission: (object: Stored) => Stored = (object) => object;
  #version = 100;

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get<T extends KubeObject = Stored>(kind: string, name: string): Live<T> | undefined {
    return this.#objects.get(`${kind}/${name}`) as Live<T> | undefined;
  }

  entries(): IterableIterator<[string, Stored]> {
    return this.#objects.entries();
  }

  create(kind: string, object: KubeObject): Stored {
    const key = `${kind}/${object.metadata?.name}`;
    if (this.#objects.has(key)) throw new Refused(409, `${key} already exists`);
    // By name, not by what else was written before: hashes in which a uid stands are then the same in every run.
    const made = (this.#made.get(key) ?? 0) + 1;
    this.#made.set(key, made);
    const uid = `uid-${key}-${made}`;
    const metadata = { finalizers: kind === 'PersistentVolumeClaim' ? ['pvc-protection'] : [] };
    const filled = withApiDefaults({ ...object, kind });
    const admitted = this.admission({
      ...filled,
      metadata: { ...metadata, ...object.metadata, uid, generation: 1 },
    } as Stored);
    return this.#store(key, admitted);
  }

  /** PUT with preconditions; status stays. */
  replace(kind: string, object: KubeObject): Stored {
    const { name = '', uid = '', resourceVersion = '' } = object.metadata ?? {};
    const present = this.#expect(kind, name, { uid, resourceVersion });
    const { status, metadata } = present;
    const { deletionTimestamp, generation = 1 } = metadata;
    const fixed = { generation, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) };
    const next = withApiDefaults({ ...object, kind, metadata: { ...object.metadata, ...fixed } });
    const admitted = this.admission(next as Stored);
    return this.#update(present, { ...admitted, ...(status === undefined ? {} : { status }) });
  }

  patch(kind: string, name: string, type: 'merge' | 'strategic', body: object): Stored {
    const { uid, resourceVersion } = (body as KubeObject).metadata ?? {};
    const present = this.#expect(kind, name, given({ uid, resourceVersion }));
    const patch = type === 'merge' ? mergePatch : strategicPatch;
    return this.#update(present, this.admission(patch(json(present), json(body)) as unknown as Stored));
  }

  /** What controllers and users do: no preconditions. */
  change(kind: string, name: string, change: (object: Stored) => object): void {
    const present = this.get(kind, name);
    if (present !== undefined) this.#update(present, change(present) as Stored);
  }

  setStatus(
    kind: string,
    name: string,
    status: object,
    of: { uid: string; resourceVersion: string },
  ): Stored {
    // As the API server does: the version is looked at, and with it the object; the uid is not.
    const present = this.#expect(kind, name, { resourceVersion: of.resourceVersion });
    return this.#update(present, { ...present, status } as Stored);
  }

  remove(kind: string, name: string, of: { uid?: string; resourceVersion?: string } = {}): void {
    const present = this.get(kind, name);
    if (present === undefined || (of.uid !== undefined && of.uid !== present.metadata.uid)) return;
    this.#expect(kind, name, { uid: present.metadata.uid, ...of });
    if ((present.metadata.finalizers ?? []).length === 0) this.#drop(present);
    else if (present.metadata.deletionTimestamp === undefined)
      this.#update(present, {
        ...present,
        metadata: { ...present.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
      });
  }

  #expect(kind: string, name: string, of: { uid?: string; resourceVersion?: string }): Stored {
    const present = this.get(kind, name);
    if (present === undefined) throw new Refused(404, `${kind} ${name} not found`);
    if (of.uid !== undefined && present.metadata.uid !== of.uid) throw new Refused(409, 'uid differs');
    if (of.resourceVersion !== undefined && of.resourceVersion !== present.metadata.resourceVersion)
      throw new Refused(409, 'the object has been modified');
    return present;
  }

  #update(present: Stored, next: Stored): Stored {
    if (isDeepStrictEqual(next, present)) return present;
    const specChanged = !isDeepStrictEqual(next.spec, present.spec);
    const { generation = 1, deletionTimestamp } = present.metadata;
    // The beginning of a deletion that finalizers hold up counts like a change of the spec.
    const leaves = deletionTimestamp === undefined && next.metadata.deletionTimestamp !== undefined;
    const metadata = { ...next.metadata, generation: specChanged || leaves ? generation + 1 : generation };
    const stored = this.#store(keyOf(present), { ...next, metadata }, present);
    const ending = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    if (ending) this.#drop(stored);
    return stored;
  }

  #store(key: string, object: Stored, before?: Stored): Stored {
    this.#version += 1;
    const after = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(key, after);
    for (const watcher of this.#watchers) watcher(before, after);
    return after;
  }

  #drop(object: Stored): void {
    this.#version += 1;
    this.#objects.delete(keyOf(object));
    for (const watcher of this.#watchers) watcher(object, undefined);
    const { uid } = object.metadata;
    for (const each of this.#objects.values())
      if (each.metadata.ownerReferences?.some((owner) => owner.uid === uid)) this.#drop(each);
  }
}

/** A Secret whose content nobody changes any more. */
export function isImmutable(object: Stored | undefined): boolean {
  return (object as { immutable?: boolean } | undefined)?.immutable === true;
}

function keyOf(object: Stored): string {
  return `${object.kind}/${object.metadata.name}`;
}

function json(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
