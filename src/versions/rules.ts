import { compare, major, minor, parse } from 'semver';

/** What the rule needs to know of a catalogue entry. */
export interface CatalogueVersion {
  readonly name: string;
  readonly lifecycle: 'Available' | 'Deprecated' | 'Withdrawn';
  readonly default: boolean;
  /** The major from which this engine family knows how to migrate data; null when it does not. */
  readonly migratesFromMajor: number | null;
}

export type VersionDecision =
  | { readonly accepted: true; readonly version: string }
  | {
      readonly accepted: false;
      readonly reason: 'UnknownVersion' | 'WithdrawnVersion' | 'DowngradeRefused' | 'UpgradeRefused';
      readonly message: string;
    };

export interface VersionWish {
  /** `spec.version`: a minor ("1.8"), an exact version ("1.8.10"), or undefined for the default. */
  readonly wanted: string | undefined;
  /** The version that was accepted last, whether or not it has run yet. */
  readonly current: string | undefined;
  /** The newest version that may have opened the data; undefined while there is no data to be opened. */
  readonly openedBy: string | undefined;
}

/**
 * The one decision about versions. Never below what last opened the data; within a major, any newer version; the next
 * major only from the newest minor of the present one, and only into a version that knows how to migrate.
 * A wish for a minor is settled at creation and by an edit; later patches of it are the maintenance window's.
 */
export function decideVersion(wish: VersionWish, catalogue: readonly CatalogueVersion[]): VersionDecision {
  const present = wish.openedBy;
  const candidate = pick(wish, catalogue);
  if ('accepted' in candidate) return candidate;
  const name = candidate.name;
  if (present === undefined || parse(present) === null) return { accepted: true, version: name };
  if (compare(name, present) < 0) {
    return refuse(
      'DowngradeRefused',
      `spec.version: ${name} is older than ${present}, which may have opened the data; a downgrade is not possible. ` +
        `Allowed: ${listOf([present, ...availableUpgrades(present, catalogue)])}.`,
    );
  }
  if (name === wish.current) return { accepted: true, version: name };
  return stepUp(present, candidate, catalogue);
}

/** The versions that an edit of spec.version may name now, oldest first. */
export function availableUpgrades(current: string, catalogue: readonly CatalogueVersion[]): string[] {
  return catalogue
    .filter(
      (entry) =>
        entry.lifecycle !== 'Withdrawn' && parse(entry.name) !== null && compare(entry.name, current) > 0,
    )
    .filter((entry) => stepUp(current, entry, catalogue).accepted)
    .map((entry) => entry.name)
    .toSorted(compare);
}

/**
 * The newest of what copies of a record say. The catalogue names exact releases only, so anything else, a pre-release
 * too, is no version that ever ran here.
 */
export function newestOf(...records: readonly (string | undefined)[]): string | undefined {
  const known = records.filter((text): text is string => text !== undefined && /^\d+\.\d+\.\d+$/.test(text));
  return known
    .filter((text) => parse(text) !== null)
    .toSorted(compare)
    .at(-1);
}

/** Whether a version is older than what last opened the data; never of names that are no versions. */
export function isOlder(version: string, openedBy: string | undefined): boolean {
  return (
    openedBy !== undefined &&
    parse(version) !== null &&
    parse(openedBy) !== null &&
    compare(version, openedBy) < 0
  );
}

function stepUp(
  present: string,
  candidate: CatalogueVersion,
  catalogue: readonly CatalogueVersion[],
): VersionDecision {
  const name = candidate.name;
  const from = major(present);
  const to = major(name);
  if (to === from) return { accepted: true, version: name };
  if (to > from + 1) {
    return refuse(
      'UpgradeRefused',
      `spec.version: ${name} skips a major version; upgrade to a ${from + 1}.x version first.`,
    );
  }
  const newestMinor = Math.max(
    ...catalogue
      .filter(
        (entry) =>
          parse(entry.name) !== null && entry.lifecycle !== 'Withdrawn' && major(entry.name) === from,
      )
      .map((entry) => minor(entry.name)),
    minor(present),
  );
  if (minor(present) < newestMinor) {
    return refuse(
      'UpgradeRefused',
      `spec.version: ${name} is the next major version, which is reached only from the newest minor of ${from}.x; upgrade to ${from}.${newestMinor} first.`,
    );
  }
  if (candidate.migratesFromMajor !== from) {
    return refuse(
      'UpgradeRefused',
      `spec.version: ${name} does not know how to migrate data of ${from}.x; stay on ${present}.`,
    );
  }
  return { accepted: true, version: name };
}

function pick(wish: VersionWish, catalogue: readonly CatalogueVersion[]): CatalogueVersion | VersionDecision {
  const known = catalogue.filter((entry) => parse(entry.name) !== null);
  const wanted = wish.wanted ?? minorWish(wish.current ?? wish.openedBy);
  if (wanted === undefined) {
    const entry = newestEntry(known.filter((each) => each.default && each.lifecycle !== 'Withdrawn'));
    return (
      entry ??
      refuse(
        'UnknownVersion',
        'spec.version is not set and the catalogue has no default version; name one of ' + offer(known) + '.',
      )
    );
  }
  const exact = parse(wanted) !== null;
  const matching = known.filter((entry) =>
    exact ? entry.name === wanted : entry.name.startsWith(`${wanted}.`),
  );
  // Also one that was withdrawn, or deleted from the catalogue: it stays for those who have it.
  const { current } = wish;
  if (current !== undefined && (exact ? current === wanted : current.startsWith(`${wanted}.`)))
    return matching.find(({ name }) => name === current) ?? deleted(current);
  if (matching.length === 0) {
    return refuse(
      'UnknownVersion',
      `spec.version: ${wanted} is not in the catalogue; allowed: ${offer(known)}.`,
    );
  }
  const usable = newestEntry(matching.filter((entry) => entry.lifecycle !== 'Withdrawn'));
  return (
    usable ??
    refuse(
      'WithdrawnVersion',
      `spec.version: ${wanted} is withdrawn and not for new use; allowed: ${offer(known)}.`,
    )
  );
}

function deleted(name: string): CatalogueVersion {
  return { name, lifecycle: 'Withdrawn', default: false, migratesFromMajor: null };
}

function minorWish(version: string | undefined): string | undefined {
  return version === undefined || parse(version) === null ? undefined : `${major(version)}.${minor(version)}`;
}

function newestEntry(entries: readonly CatalogueVersion[]): CatalogueVersion | undefined {
  return entries.toSorted((a, b) => compare(b.name, a.name))[0];
}

function offer(catalogue: readonly CatalogueVersion[]): string {
  return listOf(catalogue.filter((entry) => entry.lifecycle !== 'Withdrawn').map((entry) => entry.name));
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.toSorted(compare).join(', ');
}

function refuse(
  reason: 'UnknownVersion' | 'WithdrawnVersion' | 'DowngradeRefused' | 'UpgradeRefused',
  message: string,
): VersionDecision {
  return { accepted: false, reason, message };
}
