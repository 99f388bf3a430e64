import type { Store } from '../../kube/store/store.ts';
import type { KubeObject } from '../../kube/objects/types.ts';
import { BY_NAMESPACE, type Stores } from './stores.ts';

/**
 * Secrets are watched in those namespaces only in which the operator has rights: where there is a RoleBinding of its own,
 * or, when its rights come from elsewhere, where there is an addon.
 */
export function followNamespaces(stores: Stores): void {
  const holders = (stores.roleBindings ?? stores.addons) as unknown as Store<KubeObject>;
  holders.onChange(({ key }) => {
    const namespace = key.slice(0, key.indexOf('/'));
    if (holders.byIndex(BY_NAMESPACE, namespace).length > 0) stores.secrets.open(namespace);
    else stores.secrets.close(namespace);
  });
}
