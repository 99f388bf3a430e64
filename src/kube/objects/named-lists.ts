/** Lists of pod templates whose items the API tells apart by a key, and which of their fields that is. */
const KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  ports: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
};

/** Each of these stands for itself: another one beside it takes nothing from it. */
const SETS: readonly string[] = ['tolerations'];

/** The items of a list by what they are told apart by; undefined where their places count. */
export function itemsByName(
  list: string,
  items: readonly unknown[],
): Map<string, readonly unknown[]> | undefined {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const name = nameOf(list, item);
    if (name === undefined) return undefined;
    found.set(name, [...(found.get(name) ?? []), item]);
  }
  return found;
}

export function nameOf(list: string, item: unknown): string | undefined {
  const fields = (item ?? {}) as Readonly<Record<string, unknown>>;
  if (SETS.includes(list)) return JSON.stringify(Object.entries(fields).toSorted(byKey));
  const name = fields[KEYS[list] ?? ''];
  return typeof name === 'string' ? name : undefined;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
