import { isDeepStrictEqual } from 'node:util';

/**
 * What has to be merged (RFC 7386) into the status that was seen to make it the one that is wanted; undefined when they
 * are the same. Lists are replaced as a whole.
 */
export function statusPatch(seen: object | undefined, wanted: object): Record<string, unknown> | undefined {
  const before = new Map(Object.entries(seen ?? {}));
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted) as [string, unknown][]) {
    const had: unknown = before.get(key);
    before.delete(key);
    if (value === undefined) {
      if (had !== undefined) patch[key] = null;
    } else if (isMap(value) && isMap(had)) {
      const inner = statusPatch(had, value);
      if (inner !== undefined) patch[key] = inner;
    } else if (!isDeepStrictEqual(had, value)) patch[key] = value;
  }
  for (const [key, had] of before) if (had !== undefined) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
