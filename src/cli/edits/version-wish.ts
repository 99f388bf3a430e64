import { compare, parse } from 'semver';
import { isDefaultVersion, lifecycleOf, migratesFromMajorOf } from '../../api/catalogue-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxVersion } from '../../api/influx-version.ts';
import type { Live } from '../../kube/objects/types.ts';
import { type CatalogueVersion, decideVersion, type VersionDecision } from '../../versions/rules.ts';
import { called } from './find.ts';

/** What the operator would say to this wish, by the same rule. */
export function judgeVersion(
  { status }: InfluxAddon,
  wanted: string,
  versions: readonly Live<InfluxVersion>[],
): VersionDecision {
  const current = status?.version;
  return decideVersion({ wanted, current, openedBy: current }, versions.map(entryOf));
}

/** A line for each version of the catalogue that is not the present one, newest first. */
export function possibleVersions(
  addon: Live<InfluxAddon>,
  versions: readonly Live<InfluxVersion>[],
): string[] {
  const current = addon.status?.version;
  const names = versions
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== current && parse(name) !== null)
    .toSorted((a, b) => compare(b, a));
  const lines = names.map((name) => {
    const decision = judgeVersion(addon, name, versions);
    return decision.accepted ? `  ${name}   possible` : `  ${name}   not possible: ${decision.message}`;
  });
  return [`${called(addon)} runs ${current ?? 'nothing yet'}`, ...lines];
}

function entryOf(version: Live<InfluxVersion>): CatalogueVersion {
  return {
    name: version.metadata.name,
    lifecycle: lifecycleOf(version),
    default: isDefaultVersion(version),
    migratesFromMajor: migratesFromMajorOf(version) ?? null,
  };
}
