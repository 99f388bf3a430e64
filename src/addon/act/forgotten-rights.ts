import { ApiError } from '../../kube/api/api-error.ts';
import { RoleBinding } from '../../kube/objects/kinds.ts';
import type { Actor } from './actor.ts';
import { ADDON_LABEL, MANAGED_BY } from '../world/names.ts';
import { bindingName } from '../rights/role-binding.ts';

/**
 * Takes away the operator's own rights in the namespace of an addon that is gone, where nobody else does: a deletion
 * with `--cascade=orphan` leaves all that an addon had without an owner, and this is the one thing of it that serves
 * nobody.
 *
 * @param key `namespace/name` of the addon
 */
export async function dropForgottenAccess(
  { client, stores, settings, log }: Pick<Actor, 'client' | 'stores' | 'settings'> & { log: Log },
  key: string,
  signal: AbortSignal,
): Promise<void> {
  if (settings.tenancy === undefined) return;
  const [namespace = '', addon = ''] = key.split('/');
  const name = bindingName(addon, settings.tenancy);
  const binding = stores.roleBindings?.get(`${namespace}/${name}`);
  if (binding === undefined) return;
  const { labels, ownerReferences = [], deletionTimestamp, uid, resourceVersion } = binding.metadata;
  const ours = labels?.['app.kubernetes.io/managed-by'] === MANAGED_BY && labels[ADDON_LABEL] === addon;
  if (!ours || ownerReferences.length > 0 || deletionTimestamp !== undefined) return;
  log.info({ addon: key }, `delete RoleBinding ${name} (its addon is gone)`);
  try {
    await client.delete(RoleBinding, { namespace, name }, { uid, resourceVersion }, signal);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isNotFound) throw error;
  }
}

interface Log {
  info(fields: object, message: string): void;
}
