import { z } from 'zod';

/** A CEL rule of a CRD schema: `message` names the field and what is allowed. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

/** Documents a schema (`kubectl explain` shows it) and adds the rules the API server checks. */
export function doc<S extends z.ZodType>(schema: S, description: string, ...rules: readonly Rule[]): S {
  return schema.meta({
    description,
    ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
  });
}

/** A list that server-side apply merges by `name`; two items of one name are refused. */
export function listByName<S extends z.ZodType>(item: S, max: number, description: string) {
  return listBy(['name'], item, max, description);
}

/** A list that server-side apply merges by the given keys, which every item has. */
export function listBy<S extends z.ZodType>(
  keys: readonly string[],
  item: S,
  max: number,
  description: string,
) {
  return z
    .array(item)
    .max(max)
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

/** A list without duplicates in which order means nothing. */
export function setOf<S extends z.ZodType>(item: S, max: number, description: string) {
  return z.array(item).max(max).meta({ description, 'x-kubernetes-list-type': 'set' });
}

/** A list that has one owner as a whole. */
export function atomicList<S extends z.ZodType>(item: S, max: number, description: string) {
  return z.array(item).max(max).meta({ description, 'x-kubernetes-list-type': 'atomic' });
}
