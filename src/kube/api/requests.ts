import { given } from '../objects/given.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import type { KubeObject, Live, ObjectKey } from '../objects/types.ts';
import type { ListOptions, Page } from './client-options.ts';

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

/** What the API server answers to a list, page by page. */
export interface ListAnswer<T extends KubeObject> {
  items: Live<T>[];
  metadata: { resourceVersion: string; continue?: string };
}

export async function joined<T extends KubeObject>(pages: AsyncIterable<Page<T>>): Promise<Page<T>> {
  const all: Page<T> = { items: [], resourceVersion: '' };
  for await (const page of pages) {
    all.items.push(...page.items);
    all.resourceVersion = page.resourceVersion;
  }
  return all;
}

export function selectors(
  options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>,
): Record<string, string> {
  return given({ labelSelector: options.labelSelector, fieldSelector: options.fieldSelector });
}
