import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** What is wrong with the rights that are shipped, when an operator did all that it does: one sentence each. */
export function wrongRights(
  shipped: readonly Pick<Right, 'group' | 'resource' | 'verb'>[],
  requests: readonly RequestedRight[],
): string[] {
  const granted = new Set(shipped.map(nameOf));
  const used = new Set([...requests.filter((each) => each.granted).map(nameOf), ...ASKED_BY_SERVER]);
  // A right that it has had, or will have, elsewhere is refused where it has it not: no fault.
  const asked = new Set(requests.map(nameOf));
  return [
    ...[...granted].filter((right) => !used.has(right)).map((right) => `${right}: granted and never used`),
    ...[...asked]
      .filter((right) => !granted.has(right))
      .map((right) => `${right}: asked for, by no role granted`),
  ].toSorted();
}

function nameOf({ group, resource, verb }: Pick<Right, 'group' | 'resource' | 'verb'>): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

/** What all beds of a run have left in its folder. */
function requestsIn(folder: string): RequestedRight[] {
  return readdirSync(folder).flatMap(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as RequestedRight[],
  );
}

if (import.meta.main) {
  const wrong = wrongRights(
    installedRoles().flatMap(({ isOperators, rights }) => (isOperators ? rights : [])),
    requestsIn(join(process.env['TEST_ARTEFACTS'] ?? 'artefacts', 'requests')),
  );
  for (const line of wrong) console.log(line);
  if (wrong.length > 0) console.log(`${wrong.length} wrong rights, ${wrong[0]}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
