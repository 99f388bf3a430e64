import type { KubeObject, Live } from '../objects/types.ts';

export interface StoreOptions<T extends KubeObject> {
  /**
   * Makes objects smaller before they are kept; `before` is what is kept of the object so far, or of one that had its
   * name. None in a list of a server that was, or may have been, restored from a backup: in another past the same
   * generation is another content. managedFields are dropped in any case.
   */
  transform?: (object: Live<T>, before?: Live<T>) => Live<T>;
  /** By name, the values under which an object is found by `byIndex`. Must be pure. */
  indexes?: Record<string, (object: Live<T>) => string[]>;
  /** Told what a listener, an index or the transform threw. Default: a process warning. */
  onError?: (error: unknown) => void;
}

/** `before` alone: gone. `after` alone: new. An object that was made anew is two changes. */
export interface Change<T extends KubeObject> {
  key: string;
  before?: Live<T>;
  after?: Live<T>;
}
