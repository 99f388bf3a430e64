import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

export type { Condition, ObjectMeta } from 'kubernetes-types/meta/v1.js';

/** Any Kubernetes object as the API speaks it: plain JSON, dates as strings. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** Metadata of an object that the API server has stored. */
export interface LiveMeta extends ObjectMeta {
  name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** An object as the API server answered it, as opposed to one that we would like to have. */
export type Live<T extends KubeObject> = T & { apiVersion?: string; kind?: string; metadata: LiveMeta };

export interface ObjectKey {
  namespace?: string;
  name: string;
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of stores and queues. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata ?? {};
  if (!name) throw new Error(`an object of kind ${object.kind ?? 'unknown'} has no name yet`);
  return namespace ? `${namespace}/${name}` : name;
}
