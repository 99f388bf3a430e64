import { type Tenancy } from '../world/settings.ts';
import type { Subject } from 'kubernetes-types/rbac/v1.js';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { RoleBinding } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { hashOf } from '../world/hash.ts';
import { childNames, keptMeta, ownedMeta } from '../world/names.ts';

const GROUP = 'rbac.authorization.k8s.io';

/**
 * What the name ends with, by role and user: neither of an existing RoleBinding need ever be changed, which the API server
 * would not allow for the role, when the operator comes back under another name or in another namespace.
 */
export function bindingSuffix({ role, username }: Tenancy): string {
  return Buffer.from(hashOf({ role, username }), 'base64url').toString('hex').slice(0, 8);
}

export function bindingName(addonName: string, tenancy: Tenancy): string {
  return `${childNames(addonName).statefulSet}-${bindingSuffix(tenancy)}`;
}

/**
 * The operator's rights in the namespace of an addon, which go with the addon. While an addon is being deleted they have
 * no owner: a foreground deletion takes everything owned away first, and the operator still has to clean up.
 */
export function buildRoleBinding(addon: Live<InfluxAddon>, tenancy: Tenancy): RoleBinding {
  const { role, username } = tenancy;
  const name = bindingName(addon.metadata.name, tenancy);
  const ending = addon.metadata.deletionTimestamp !== undefined;
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'RoleBinding',
    metadata: ending ? keptMeta(addon, name) : ownedMeta(addon, name),
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    subjects: [subjectOf(username)],
  };
}

function subjectOf(username: string): Subject {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  return namespace === undefined || name === undefined
    ? { kind: 'User', name: username, apiGroup: GROUP }
    : { kind: 'ServiceAccount', name, namespace };
}
