import { Indexes } from './indexes.ts';
import { type StoreOptions, type Change } from './store-options.ts';
import { compareVersions, isNewer } from '../objects/resource-version.ts';
import type { KubeObject, Live } from '../objects/types.ts';
import { keyOf } from '../objects/types.ts';

/**
 * What the API server holds of one kind, as far as a watch has told, plus our own writes that it has yet to
 * tell. Objects are shared: never change one.
 */
export class Store<T extends KubeObject> {
  readonly #options: StoreOptions<T>;
  readonly #objects = new Map<string, Live<T>>();
  readonly #indexes: Indexes<T>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  /** Everything up to this version has been told by a list or the watch; '' before the first list. */
  #reached = '';
  /** Keys whose object comes from our own write and is newer than #reached. */
  readonly #ahead = new Map<string, string>();
  /** uids that we deleted, until the watch or a list confirms it: older events must not bring them back. */
  readonly #deleted = new Map<string, string>();
  /** By key, the version of what we deleted last: until the watch gets there, it tells of what was there before. */
  readonly #floors = new Map<string, string>();
  readonly synced: Promise<void>;
  #hasSynced = false;
  readonly #resolveSynced: () => void;

  constructor(options: StoreOptions<T> = {}) {
    this.#options = options;
    this.#indexes = new Indexes(options.indexes ?? {}, (run) => this.#guarded(run));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  /** By `namespace/name`, or `name` for a cluster-scoped kind. */
  get(key: string): Live<T> | undefined {
    return this.#objects.get(key);
  }

  list(): Iterable<Live<T>> {
    return this.#objects.values();
  }

  byIndex(index: string, value: string): Live<T>[] {
    return Array.from(this.#indexes.keys(index, value), (key) => this.#objects.get(key) as Live<T>);
  }

  get size(): number {
    return this.#objects.size;
  }

  /** True once a first list is in and the listeners have been told of it. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Returns the function that ends it. What a listener throws is kept from the others. */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes the answer to a write of ours, so that the next decision sees it. Ignored when the watch has passed
   * its version: then the watch has told it, and perhaps the deletion that followed, already.
   */
  recordWrite(object: Live<T>): void {
    const { resourceVersion, uid } = object.metadata;
    if (!isNewer(resourceVersion, this.#reached) || this.#deleted.has(uid)) return;
    const key = keyOf(object);
    const present = this.#objects.get(key);
    if (present && !isNewer(resourceVersion, present.metadata.resourceVersion)) return;
    this.#put(key, this.#slim(object, present));
    this.#ahead.set(key, resourceVersion);
  }

  /** After the answer to a deletion of ours: the object with that uid is gone. Not while finalizers hold it. */
  recordDelete(key: string, uid: string): void {
    const present = this.#objects.get(key);
    if (present?.metadata.uid !== uid) return;
    this.#deleted.set(uid, key);
    this.#floors.set(key, present.metadata.resourceVersion);
    this.#drop(key);
  }

  // What follows is for the reflector.

  /** A consistent list made at `resourceVersion`. */
  replace(items: Iterable<Live<T>>, resourceVersion: string): void {
    this.take(this.kept(items, resourceVersion), resourceVersion);
  }

  /**
   * What of a part of a list made at `resourceVersion` is to be kept for `take`: nobody has to hold a whole list. After
   * a gap (`afterGap`) nothing is made small by what was kept: the server may have been restored from a backup.
   */
  kept(items: Iterable<Live<T>>, resourceVersion: string, { afterGap = false } = {}): Live<T>[] {
    const rewound = this.#isRewound(resourceVersion);
    return Array.from(items, (item) => {
      const { resourceVersion: version, uid } = item.metadata;
      const present = rewound ? undefined : this.#objects.get(keyOf(item));
      const isKnown = present?.metadata.resourceVersion === version && present.metadata.uid === uid;
      return isKnown ? present : this.#slim(item, afterGap ? undefined : present);
    });
  }

  /** As `replace`, of all that `kept` gave for the parts of one list. */
  take(items: Iterable<Live<T>>, resourceVersion: string): void {
    const rewound = this.#isRewound(resourceVersion);
    if (rewound) {
      this.#ahead.clear();
      this.#deleted.clear();
      this.#floors.clear();
    }
    this.#reached = resourceVersion;
    const listed = new Set<string>();
    const uids = new Set<string>();
    for (const item of items) {
      const key = keyOf(item);
      listed.add(key);
      uids.add(item.metadata.uid);
      if (this.#isAhead(key, resourceVersion) || this.#isBelow(key, resourceVersion) || this.#isDeleted(item))
        continue;
      this.#ahead.delete(key);
      this.#put(key, item, rewound);
    }
    for (const key of this.#objects.keys())
      if (!listed.has(key) && !this.#isAhead(key, resourceVersion)) this.#drop(key);
    for (const uid of this.#deleted.keys()) if (!uids.has(uid)) this.#deleted.delete(uid);
    this.#liftFloors();
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#resolveSynced();
    }
  }

  /** ADDED or MODIFIED. */
  upsert(object: Live<T>): void {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const present = this.#objects.get(key);
    const known =
      this.#isBelow(key, version) || (present && !isNewer(version, present.metadata.resourceVersion));
    if (present?.metadata.resourceVersion === version) this.#ahead.delete(key);
    if (!known && !this.#isDeleted(object)) {
      this.#ahead.delete(key);
      this.#put(key, this.#slim(object, present));
    }
    this.reached(version);
  }

  /** DELETED: gone, or no longer matching the selector. Its version is that of the deletion. */
  remove(object: Live<T>): void {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    this.#deleted.delete(object.metadata.uid);
    const present = this.#objects.get(key);
    if (present && !isNewer(present.metadata.resourceVersion, version)) this.#drop(key);
    this.reached(version);
  }

  /** The watch has told everything up to this version. */
  reached(resourceVersion: string): void {
    if (isNewer(resourceVersion, this.#reached)) this.#reached = resourceVersion;
    this.#liftFloors();
    // What we wrote and the watch has passed in silence is not in its sight (its selector, its namespace).
    for (const [key, version] of this.#ahead)
      if (!isNewer(version, this.#reached)) {
        this.#ahead.delete(key);
        this.#drop(key);
      }
  }

  /** A server restored from a backup starts again at an older version: its past has become another one. */
  #isRewound(version: string): boolean {
    return this.#reached !== '' && compareVersions(version, this.#reached) < 0;
  }

  #isAhead(key: string, version: string): boolean {
    const ahead = this.#ahead.get(key);
    return ahead !== undefined && isNewer(ahead, version);
  }

  /** Of an object that had the name before the one that we deleted, or older than that one. */
  #isBelow(key: string, version: string): boolean {
    const floor = this.#floors.get(key);
    return floor !== undefined && !isNewer(version, floor);
  }

  #liftFloors(): void {
    for (const [key, floor] of this.#floors) if (!isNewer(floor, this.#reached)) this.#floors.delete(key);
  }

  /** Deleted by us, and this is an older sight of it. With a deletionTimestamp it does exist, and is ending. */
  #isDeleted(object: Live<T>): boolean {
    if (!this.#deleted.has(object.metadata.uid)) return false;
    if (object.metadata.deletionTimestamp === undefined) return true;
    this.#deleted.delete(object.metadata.uid);
    return false;
  }

  #put(key: string, after: Live<T>, anyway = false): void {
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === after.metadata.resourceVersion && !anyway) return;
    // Two objects with one name are two objects: what hung on the first is gone with it.
    if (before && before.metadata.uid !== after.metadata.uid) {
      this.#drop(key);
      this.#objects.set(key, after);
      this.#indexes.change(key, after, 'add');
      this.#tell({ key, after });
      return;
    }
    if (before) this.#indexes.change(key, before, 'delete');
    this.#objects.set(key, after);
    this.#indexes.change(key, after, 'add');
    this.#tell(before ? { key, before, after } : { key, after });
  }

  #drop(key: string): void {
    const before = this.#objects.get(key);
    this.#ahead.delete(key);
    if (!before) return;
    this.#indexes.change(key, before, 'delete');
    this.#objects.delete(key);
    this.#tell({ key, before });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) this.#guarded(() => listener(change));
  }

  /** One object that some code cannot cope with must not keep the others from being seen. */
  #guarded<R>(run: () => R): R | undefined {
    try {
      return run();
    } catch (error) {
      if (this.#options.onError) this.#options.onError(error);
      else process.emitWarning(error instanceof Error ? error : String(error));
      return undefined;
    }
  }

  #slim(object: Live<T>, before: Live<T> | undefined): Live<T> {
    const { managedFields: _, ...metadata } = object.metadata;
    const slim = { ...object, metadata } as Live<T>;
    return this.#guarded(() => this.#options.transform?.(slim, before)) ?? slim;
  }
}
