/** What is said of versions that a database of 1.x cannot have, at the door and behind it. */
export const REFUSAL = {
  unknown: /spec\.version: 1\.5\.0 is not in the catalogue; allowed: .*1\.8\.10/,
  notYet: /2\.7\.12 is the next major version, .* upgrade to 1\.8 first/,
  noWay: /2\.7\.12 does not know how to migrate data of 1\.x/,
  older: /older than 1\.8\.10/,
} as const;
