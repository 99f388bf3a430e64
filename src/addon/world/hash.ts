import { hash } from 'node:crypto';

/** A short content hash, the same for objects whose keys stand in another order. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonical(value), 'base64url').slice(0, 16);
}

/** JSON with the keys in order and without those that are undefined. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const object = value as Record<string, unknown>;
  let fields = '';
  for (const key of Object.keys(object).sort()) {
    const field = object[key];
    if (field === undefined) continue;
    fields += `${fields === '' ? '' : ','}${JSON.stringify(key)}:${canonical(field)}`;
  }
  return `{${fields}}`;
}
