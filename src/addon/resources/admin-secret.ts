import { adminStatements } from '../../influx/bootstrap.ts';
import type { Secret } from '../../kube/kinds.ts';
import { ADMIN_KEY, ADMIN_USER, encode } from '../facts.ts';
import { childNames, keptMeta } from '../names.ts';
import type { BuildContext } from './context.ts';

/**
 * The administrator, the copy from which edited Secrets are restored, and the durable facts. It has no owner: under
 * `Retain` it stays with the volume, and an addon of the same name goes on from it.
 */
export function buildAdminSecret({
  addon,
  facts,
  target,
}: Pick<BuildContext, 'addon' | 'facts' | 'target'>): Secret {
  const statements = adminStatements({ username: ADMIN_USER, password: facts.adminPassword });
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: keptMeta(addon, childNames(addon.metadata.name).adminSecret),
    type: 'Opaque',
    data: encode({
      [ADMIN_KEY.id]: facts.id,
      [ADMIN_KEY.username]: facts.id,
      [ADMIN_KEY.password]: facts.password,
      [ADMIN_KEY.adminUsername]: ADMIN_USER,
      [ADMIN_KEY.adminPassword]: facts.adminPassword,
      [ADMIN_KEY.openedBy]: facts.openedBy ?? target.version.name,
      [ADMIN_KEY.inForce]: JSON.stringify(target),
      ...(facts.passwordUnproven ? { [ADMIN_KEY.passwordUnproven]: 'true' } : {}),
      ...statements,
    }),
  };
}
