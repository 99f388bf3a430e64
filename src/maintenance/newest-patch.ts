import { compare, major, minor, parse } from 'semver';

/** What is looked at of a catalogue entry. */
export interface PatchCandidate {
  readonly name: string;
  readonly lifecycle: 'Available' | 'Deprecated' | 'Withdrawn';
}

/**
 * The version that the platform wants a database to go to by itself: the newest patch of the minor that it runs.
 * Undefined when it runs that already, or when the user pinned an exact version. Never another minor, never one that
 * the catalogue is phasing out: those are an edit of spec.version.
 *
 * @param wanted `spec.version`: a minor, an exact version, or undefined for the minor in force
 * @param current the version in force
 */
export function newestPatch(
  wanted: string | undefined,
  current: string,
  catalogue: readonly PatchCandidate[],
): string | undefined {
  if (parse(current) === null) return undefined;
  const line = `${major(current)}.${minor(current)}`;
  // A wish for another minor is an upgrade that the user asked for: not the platform's, and not for the window.
  if (wanted !== undefined && wanted !== line) return undefined;
  return catalogue
    .filter(({ name, lifecycle }) => lifecycle === 'Available' && parse(name)?.prerelease.length === 0)
    .map(({ name }) => name)
    .filter((name) => `${major(name)}.${minor(name)}` === line && compare(name, current) > 0)
    .toSorted(compare)
    .at(-1);
}
