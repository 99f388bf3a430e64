import { given } from '../objects/given.ts';
import type { KubeObject, Live } from '../objects/types.ts';
import type { ListOptions, Page } from './client-options.ts';

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
