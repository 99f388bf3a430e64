/** The leaves of a value by their paths; items of lists by name, type or key where they have one. */
export type Flat = ReadonlyMap<string, string>;

export function flatten(value: unknown): Flat {
  const flat = new Map<string, string>();
  add(flat, '', value);
  return flat;
}

function add(flat: Map<string, string>, path: string, value: unknown): void {
  if (Array.isArray(value)) {
    if (value.length === 0) flat.set(path, '[]');
    const names = value.map(nameOf);
    const unique = new Set(names).size === names.length && !names.includes(undefined);
    for (const [n, item] of value.entries()) add(flat, `${path}[${unique ? names[n] : n}]`, item);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    if (entries.length === 0) flat.set(path, '{}');
    for (const [key, each] of entries) add(flat, path === '' ? key : `${path}.${key}`, each);
  } else {
    flat.set(path, JSON.stringify(value) ?? 'undefined');
  }
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  for (const key of ['name', 'type', 'key', 'kind', 'port'])
    if (key in item) return String((item as Record<string, unknown>)[key]);
  return undefined;
}
