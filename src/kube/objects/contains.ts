import { compareQuantities, isQuantity } from './quantity.ts';

/** Whether everything in `intent` is in `live`: then applying it would change nothing. */
export function contains(live: unknown, intent: unknown): boolean {
  return firstDifference(live, intent) === undefined;
}

/**
 * The path of the first field of `intent` that `live` has not, or has with another value; undefined when there
 * is none. Lists must be equal in length and order; what the API server writes in its own way (quantities) or
 * leaves out (empty lists and objects, null) counts as equal. What `live` has beyond the intent doesn't matter
 * (fields dropped from an intent have to be noticed otherwise), but in a selector, where one more key selects others.
 */
export function firstDifference(live: unknown, intent: unknown): string | undefined {
  return differenceAt([], live, intent);
}

function differenceAt(path: readonly string[], live: unknown, intent: unknown): string | undefined {
  if (EXACT.has(path.at(-1) ?? '') && isObject(live)) {
    const wanted = isObject(intent) ? intent : {};
    const added = Object.keys(live).find((key) => !(key in wanted) && !isEmpty(live[key]));
    if (added !== undefined) return [...path, added].join('.');
  }
  if (isEmpty(intent) && (isEmpty(live) || isObject(live))) return undefined;
  if (Array.isArray(intent)) {
    if (!Array.isArray(live) || live.length !== intent.length) return path.join('.');
    return first(intent.keys(), (index) =>
      differenceAt([...path, String(index)], live[index], intent[index]),
    );
  }
  if (isObject(intent)) {
    const present = isObject(live) ? live : {};
    return first(Object.keys(intent), (key) => differenceAt([...path, key], present[key], intent[key]));
  }
  if (live === intent) return undefined;
  if (isQuantityPath(path) && isQuantity(live) && isQuantity(intent) && compareQuantities(live, intent) === 0)
    return undefined;
  return path.join('.');
}

function first<K>(keys: Iterable<K>, differenceOf: (key: K) => string | undefined): string | undefined {
  for (const key of keys) {
    const difference = differenceOf(key);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

const EXACT = new Set(['selector', 'matchLabels', 'podSelector', 'namespaceSelector', 'nodeSelector']);

const MAPS_OF_QUANTITIES = new Set([
  'requests',
  'limits',
  'capacity',
  'allocatable',
  'allocatedResources',
  'hard',
]);
const QUANTITIES = new Set(['sizeLimit', 'divisor']);

function isQuantityPath(path: readonly string[]): boolean {
  return QUANTITIES.has(path.at(-1) ?? '') || MAPS_OF_QUANTITIES.has(path.at(-2) ?? '');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
