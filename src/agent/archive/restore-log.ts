/** What the engine's restore tool says of each shard that it takes (1.6 to 1.8); of others that it skips them. */
const TAKEN = /Restoring shard (\d+) live from backup/g;

/** Shards of a dump that the tool did not restore, by what it has printed. */
export function leftOut(shards: readonly number[], log: string): number[] {
  const taken = new Set([...log.matchAll(TAKEN)].map(([, id]) => Number(id)));
  return shards.filter((id) => !taken.has(id));
}
