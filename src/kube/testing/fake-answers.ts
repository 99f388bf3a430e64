import { matchesSelectors } from './selectors.ts';
import type { ApiRequest } from '../api/transport.ts';
import { ok, refuse, type FakeAnswer } from './fake-answer.ts';
import { type Target } from './fake-path.ts';
import type { Stored } from './fake-watch.ts';
import type { Json } from './patching.ts';

/** Items of a list come without their type. */
export function asItem(object: Stored): Omit<Stored, 'apiVersion' | 'kind'> {
  const { apiVersion: _, kind: __, ...item } = object;
  return item as Omit<Stored, 'apiVersion' | 'kind'>;
}

export function pathKey(object: Stored): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function notFound(target: Target): FakeAnswer {
  return refuse(404, 'NotFound', `${target.collection} "${target.name}" not found`);
}

export function json(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** Equal for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'absent'
  );
}

/** What a list has of the objects of a collection, in the order of the API. */
export function selected(
  objects: readonly Stored[],
  { namespace }: Target,
  query: Record<string, string>,
): Stored[] {
  return objects
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter((object) => matchesSelectors(object, query))
    .toSorted((a, b) => (pathKey(a) < pathKey(b) ? -1 : 1));
}

/** The answer to a `create` or a `replace` that stores nothing. */
export function dryRun(
  { method, body }: ApiRequest,
  target: Target,
  find: (target: Target) => Stored | undefined,
): FakeAnswer {
  const name = (body as Stored).metadata.name;
  const present = find({ ...target, name });
  if (method === 'POST') return present ? refuse(409, 'AlreadyExists', `${name} already exists`) : ok(body);
  if (!present) return notFound(target);
  const { resourceVersion } = (body as Stored).metadata;
  return resourceVersion === present.metadata.resourceVersion
    ? ok(body)
    : refuse(409, 'Conflict', 'the object has been modified');
}
