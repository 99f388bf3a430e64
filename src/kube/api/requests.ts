import { given } from '../objects/given.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import type { KubeObject, ObjectKey } from '../objects/types.ts';

/** Content types of patches. */
export const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

export function keyIn(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata ?? {};
  if (!name) throw new Error(`an object of kind ${object.kind ?? 'unknown'} has no name`);
  return { name, ...given({ namespace }) };
}

/** The object as it is sent. */
export function typed<T extends KubeObject>(kind: Kind<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
