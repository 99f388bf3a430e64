import { InfluxError } from '../influx-error.ts';

/**
 * The version that an engine reports, in the catalogue's form: Debian's build says `1.6.7~rc0`, 2.x says
 * `v2.7.12`, and both are releases to us.
 */
export function normaliseVersion(reported: string): string {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(reported.trim());
  if (!match) throw new InfluxError('Protocol', 'the engine reports no version that can be read');
  return `${match[1]}.${match[2]}.${match[3]}`;
}

/** `version` is `minimum` or newer. Both `major.minor` or longer. */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map(Number);
  const want = minimum.split('.').map(Number);
  for (const [i, part] of want.entries()) {
    const difference = (have[i] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
