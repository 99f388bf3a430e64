import type { KubeObject } from '../objects/types.ts';

/** Equality-based label selectors (`a=b,c!=d,e,!f`) and field selectors on name and namespace. */
export function matchesSelectors(object: KubeObject, query: Record<string, string>): boolean {
  const labels = object.metadata?.labels ?? {};
  const fields: Record<string, string | undefined> = {
    'metadata.name': object.metadata?.name,
    'metadata.namespace': object.metadata?.namespace,
  };
  return (
    terms(query['labelSelector']).every((term) => matches(labels, term)) &&
    terms(query['fieldSelector']).every((term) => matches(fields, term))
  );
}

function terms(selector: string | undefined): string[] {
  return selector ? selector.split(',') : [];
}

function matches(values: Record<string, string | undefined>, term: string): boolean {
  const unequal = term.split('!=');
  if (unequal.length === 2) return values[unequal[0] as string] !== unequal[1];
  const equal = term.split(/==?/);
  if (equal.length === 2) return values[equal[0] as string] === equal[1];
  return term.startsWith('!') ? values[term.slice(1)] === undefined : values[term] !== undefined;
}
