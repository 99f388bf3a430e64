/** The three ways in which the fake changes objects by PATCH: enough for tests, no more. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** RFC 7386: null removes, objects merge, anything else replaces. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key] ?? null, value);
  }
  return result;
}

/** As a merge patch, but lists of named things merge by name, and `$patch: delete` removes one. */
export function strategicPatch(target: Json, patch: Json): Json {
  if (Array.isArray(patch) && isNamedList(patch))
    return mergeNamed(asNamedList(target), patch, strategicPatch);
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = strategicPatch(result[key] ?? null, value);
  }
  return result;
}

/** Server-side apply for one manager: what it set before and no longer wants goes, what it wants is set. */
export function applyPatch(target: Json, before: Json, intent: Json): Json {
  if (isObject(intent) && isObject(target)) {
    const result: JsonObject = { ...target };
    if (isObject(before)) for (const key of Object.keys(before)) if (!(key in intent)) delete result[key];
    for (const [key, value] of Object.entries(intent))
      result[key] = applyPatch(target[key] ?? null, isObject(before) ? (before[key] ?? null) : null, value);
    return result;
  }
  if (Array.isArray(intent) && isNamedList(intent) && Array.isArray(target) && isNamedList(target)) {
    const wanted = new Set(intent.map((item) => item['name']));
    const had = new Set(asNamedList(before).map((item) => item['name']));
    const kept = target.filter((item) => wanted.has(item['name'] ?? null) || !had.has(item['name'] ?? null));
    return mergeNamed(kept, intent, (item, want) => applyPatch(item, null, want));
  }
  return intent;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(list: Json[]): list is JsonObject[] {
  return list.length > 0 && list.every((item) => isObject(item) && typeof item['name'] === 'string');
}

function asNamedList(value: Json): JsonObject[] {
  return Array.isArray(value) && isNamedList(value) ? value : [];
}

function mergeNamed(
  target: JsonObject[],
  patch: JsonObject[],
  merge: (item: Json, change: Json) => Json,
): Json[] {
  const result = new Map<Json, Json>(target.map((item) => [item['name'] ?? null, item]));
  for (const change of patch) {
    const name = change['name'] ?? null;
    if (change['$patch'] === 'delete') result.delete(name);
    else result.set(name, merge(result.get(name) ?? null, change));
  }
  return [...result.values()];
}
