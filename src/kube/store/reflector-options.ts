import type { KubeClient } from '../api/client.ts';
import type { Clock } from '../clock.ts';
import type { Kind } from '../objects/kinds.ts';
import type { Logger } from '../log.ts';
import type { Store } from './store.ts';
import type { KubeObject } from '../objects/types.ts';

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  kind: Kind<T>;
  store: Store<T>;
  /** Without it: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  /** `metadata.name=x` for one object: rights on that name alone are enough then. */
  fieldSelector?: string;
  /** Objects per page of a list. Default 500. */
  pageSize?: number;
  /**
   * A watch that says nothing for so long is asked for anew, from where it was. Default 75 s: a server sends a
   * bookmark each minute. For a kind in which nothing ever happened it has none to send until etcd reports
   * progress, which may take minutes; another watch costs less than not to notice a dead connection.
   */
  silenceMs?: number;
  /** The first wait after a failure, in milliseconds; the following ones double. Default 800 ms. */
  retryMs?: number;
  clock?: Clock;
  random?: () => number;
  log?: Logger;
  metrics?: ReflectorMetrics;
}

export interface ReflectorMetrics {
  /** A full list was stored. */
  listed(plural: string, items: number): void;
  /** Something came over the watch, or the server began to answer it. */
  heard(plural: string): void;
  /** A list failed or a watch ended; `reason` is `Ended` for the regular end or that of the ApiError. */
  ended(plural: string, reason: string): void;
}
