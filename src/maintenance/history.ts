/** Maintenance that took place, as status lists it. */
export interface PastMaintenance {
  /** When it ended; RFC 3339. */
  readonly at: string;
  readonly what: string;
}

/** The list with one more entry in front, and without the oldest beyond `keep`. An entry that is there already stays once. */
export function remember(
  past: readonly PastMaintenance[],
  entry: PastMaintenance,
  keep = 5,
): PastMaintenance[] {
  const others = past.filter(({ at, what }) => at !== entry.at || what !== entry.what);
  return [entry, ...others].toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, keep);
}
