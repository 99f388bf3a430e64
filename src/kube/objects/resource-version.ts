/**
 * Compares two resourceVersions of one kind: negative when `a` is older. They are decimal integers that may
 * outgrow a double (the API documents their order since 1.35), so they are compared as digits.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Everything is newer than '', which is no version yet. */
export function isNewer(version: string, than: string): boolean {
  return than === '' || compareVersions(version, than) > 0;
}
