import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pick } from '../../test/size.ts';
import { installedRoles, type Right } from '../rights.ts';

/** A kind of request that an operator made, from the audit log of a bed. */
export interface RequestedRight {
  readonly group: string;
  /** With its subresource, as in `influxaddons/status`. */
  readonly resource: string;
  readonly verb: string;
  /** Whether who asked had the right then. */
  readonly granted: boolean;
}

/** No request is ever made with these: the API server asks for them when it judges another. */
const ASKED_BY_SERVER: readonly string[] = [
  // For a RoleBinding to the role.
  'bind clusterroles.rbac.authorization.k8s.io',
  // For an owner reference with blockOwnerDeletion, where that is enforced.
  'update influxaddons/finalizers.influxaddon.dev',
];

type Name = Pick<Right, 'group' | 'resource' | 'verb'>;

/** What no operator ever did with a right that it had, of those that are shipped. */
export function unusedRights(shipped: readonly Name[], requests: readonly RequestedRight[]): string[] {
  const used = new Set([...requests.filter(({ granted }) => granted).map(nameOf), ...ASKED_BY_SERVER]);
  return namesOf(shipped)
    .filter((right) => !used.has(right))
    .map((right) => `${right}: granted and never used`);
}

/**
 * What an operator asked for that no role has. A right that it has had, or will have, elsewhere is refused where it has
 * it not: no fault.
 */
export function missingRights(shipped: readonly Name[], requests: readonly RequestedRight[]): string[] {
  const granted = new Set(shipped.map(nameOf));
  return namesOf(requests)
    .filter((right) => !granted.has(right))
    .map((right) => `${right}: asked for, by no role granted`);
}

function namesOf(rights: readonly Name[]): string[] {
  return [...new Set(rights.map(nameOf))].toSorted();
}

function nameOf({ group, resource, verb }: Name): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

/** What all beds of a run have left in its folder. */
function requestsIn(folder: string): RequestedRight[] {
  return readdirSync(folder).flatMap(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as RequestedRight[],
  );
}

if (import.meta.main) {
  const shipped = installedRoles().flatMap(({ isOperators, rights }) => (isOperators ? rights : []));
  const requests = requestsIn(join(process.env['TEST_ARTEFACTS'] ?? 'artefacts', 'requests'));
  // What is done in a rare case only is not a part of every sample.
  const wrong = [...missingRights(shipped, requests), ...pick([], unusedRights(shipped, requests))];
  for (const line of wrong) console.log(line);
  if (wrong.length > 0) console.log(`${wrong.length} wrong rights, ${wrong[0]}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
