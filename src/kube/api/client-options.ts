import type { KubeObject, Live } from '../objects/types.ts';

export interface ListOptions {
  /** Without it: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects per page, default 500: each page is parsed in one go, on the event loop. */
  limit?: number;
}

export interface WatchOptions extends Omit<ListOptions, 'limit'> {
  resourceVersion: string;
  timeoutSeconds: number;
  /** Called when the server has taken the watch, which may be long before it tells anything. */
  begun?: () => void;
}

export interface DeleteOptions {
  /** Delete this very object, not one that took its name meanwhile. */
  uid?: string;
  resourceVersion?: string;
  propagationPolicy?: 'Background' | 'Orphan' | 'Foreground';
}

export interface PatchOptions {
  type: 'merge' | 'strategic' | 'json';
  fieldManager?: string;
  subresource?: string;
  /** Default `Strict`: a field that the server does not know is refused. `Warn`: it is left out. */
  fieldValidation?: 'Strict' | 'Warn';
}

export interface ApplyOptions {
  fieldManager?: string;
  /** Take fields that others own. Default false: a conflict is a 409. */
  force?: boolean;
  subresource?: 'status';
}

export interface Page<T extends KubeObject> {
  items: Live<T>[];
  /** The same for all pages of a list: the one moment they all show. */
  resourceVersion: string;
}
