import { itemsByName } from './named-lists.ts';
import { compareQuantities, isQuantity } from './quantity.ts';

/** Whether everything in `intent` is in `live`: then applying it would change nothing. */
export function contains(live: unknown, intent: unknown): boolean {
  return firstDifference(live, intent) === undefined;
}

/**
 * The path of the first field of `intent` that `live` has not, or has with another value; undefined when there
 * is none. What of a list has names is found by its name, wherever it stands, and what others have added to the list
 * doesn't matter; other lists must be equal in length and order. What the API server writes in its own way (quantities)
 * or leaves out (empty lists and objects, null) counts as equal. What `live` has beyond the intent doesn't matter
 * (fields dropped from an intent have to be noticed otherwise), but in a selector, where one more key selects others.
 */
export function firstDifference(live: unknown, intent: unknown): string | undefined {
  for (const path of differencesAt([], live, intent)) return path;
  return undefined;
}

/** The paths of all of them. */
export function allDifferences(live: unknown, intent: unknown): string[] {
  return [...differencesAt([], live, intent)];
}

function* differencesAt(path: readonly string[], live: unknown, intent: unknown): Generator<string> {
  const here = path.join('.');
  if (EXACT.has(path.at(-1) ?? '') && isObject(live)) {
    const wanted = isObject(intent) ? intent : {};
    const added = Object.keys(live).filter((key) => !(key in wanted) && !isEmpty(live[key]));
    for (const key of added) yield [...path, key].join('.');
  }
  if (isEmpty(intent) && (isEmpty(live) || isObject(live))) return;
  if (Array.isArray(intent)) {
    if (!Array.isArray(live)) yield here;
    else yield* differencesOfLists(path, live, intent);
  } else if (isObject(intent)) {
    const present = isObject(live) ? live : {};
    for (const key of Object.keys(intent)) yield* differencesAt([...path, key], present[key], intent[key]);
  } else if (live !== intent) {
    const isSame =
      isQuantityPath(path) && isQuantity(live) && isQuantity(intent) && compareQuantities(live, intent) === 0;
    if (!isSame) yield here;
  }
}

function* differencesOfLists(
  path: readonly string[],
  live: readonly unknown[],
  intent: readonly unknown[],
): Generator<string> {
  const list = path.at(-1) ?? '';
  const wanted = itemsByName(list, intent);
  const present = itemsByName(list, live);
  if (wanted !== undefined && present !== undefined) {
    for (const [name, [item]] of wanted) {
      const found = present.get(name);
      if (found === undefined) yield [...path, name].join('.');
      // Of two of one name, the later one may be what counts.
      else for (const each of found) yield* differencesAt([...path, name], each, item);
    }
    return;
  }
  if (live.length === intent.length)
    for (const index of intent.keys())
      yield* differencesAt([...path, String(index)], live[index], intent[index]);
  else yield path.join('.');
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
