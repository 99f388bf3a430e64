import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { keyOf, type KubeObject, type Live } from '../../kube/objects/types.ts';
import type { WorkQueue } from '../../kube/control/work-queue.ts';
import { trustOfSecret } from '../tls/authorities.ts';
import type { Memories } from './memories.ts';
import { addressesOf } from '../access/node-addresses.ts';
import { ADDON_LABEL } from '../world/names.ts';
import { followNamespaces } from './open-namespaces.ts';
import { BY_APP, BY_NAMESPACE, BY_PLAN, type Stores } from './stores.ts';
import type { Turns } from '../maintenance/turns.ts';
import { hasComeUp, isAskedFor } from './waited-for.ts';

/** Turns every change of the world into the keys of the addons that may have to do something about it. */
export function connect(stores: Stores, queue: WorkQueue, memories: Memories, turns: Turns): void {
  stores.addons.onChange((change) => {
    const { key, before, after } = change;
    turns.follow(before, after);
    if (before !== undefined && after === undefined) {
      memories.forget(before.metadata.uid);
      queue.forget(key);
    }
    queue.add(key, { soon: isAskedFor(change) });
    // An object that was stored past the schema may have no spec at all.
    const { tls } = (after?.spec ?? {}) as Partial<InfluxAddonSpec>;
    const certificate = tls?.certificateRef?.name;
    stores.referenced.follow(key, certificate && `${after?.metadata.namespace}/${certificate}`);
  });

  stores.backups.onChange(({ before, after }) => {
    for (const each of [before, after])
      if (each !== undefined) queue.add(`${each.metadata.namespace}/${each.spec.addonRef.name}`);
  });
  stores.restores.onChange(({ before, after }) => {
    for (const each of [before, after])
      if (each !== undefined) queue.add(`${each.metadata.namespace}/${each.spec.addonRef.name}`);
  });
  stores.backupStores.onChange(({ key }) => {
    for (const addon of stores.addons.list())
      if (`${addon.metadata.namespace}/${addon.spec.backups?.storeRef.name}` === key) queue.add(keyOf(addon));
  });

  stores.referenced.onChange((key) => queue.add(key));
  followNamespaces(stores);
  stores.secrets.onKnown((namespace) => {
    for (const addon of stores.addons.byIndex(BY_NAMESPACE, namespace)) queue.add(keyOf(addon));
  });

  const byLabel = ({ before, after }: { before?: Live<KubeObject>; after?: Live<KubeObject> }) => {
    const object = after ?? before;
    const name = object?.metadata.labels?.[ADDON_LABEL];
    if (object !== undefined && name !== undefined) queue.add(`${object.metadata.namespace}/${name}`);
  };
  stores.pods.onChange((change) => {
    const object = change.after ?? change.before;
    const name = object?.metadata.labels?.[ADDON_LABEL];
    if (object === undefined || name === undefined) return;
    queue.add(`${object.metadata.namespace}/${name}`, { soon: hasComeUp(change, stores.pods) });
  });
  stores.secrets.onObjectChange(byLabel);
  stores.roleBindings?.onChange(byLabel);
  for (const store of [stores.claims, stores.services, stores.networkPolicies, stores.statefulSets]) {
    store.onChange(byLabel);
  }

  const byApp = (kind: string) => (change: { key: string }) => {
    const slash = change.key.indexOf('/');
    const value = `${change.key.slice(0, slash)}/${kind}/${change.key.slice(slash + 1)}`;
    for (const addon of stores.addons.byIndex(BY_APP, value)) queue.add(keyOf(addon));
  };
  stores.deployments.onChange(byApp('Deployment'));
  stores.statefulSets.onChange(byApp('StatefulSet'));
  stores.daemonSets.onChange(byApp('DaemonSet'));

  stores.plans.onChange(({ key }) => {
    for (const addon of stores.addons.byIndex(BY_PLAN, key)) queue.add(keyOf(addon));
  });
  // Rare enough for everybody to look: versions decide what may be upgraded to, classes whether a volume can come.
  const all = () => {
    for (const addon of stores.addons.list()) queue.add(keyOf(addon));
  };
  stores.versions.onChange(all);
  stores.storageClasses.onChange(all);
  stores.nodes.onChange(({ before, after }) => {
    const same = isDeepStrictEqual(before && addressesOf(before), after && addressesOf(after));
    if (same) return;
    for (const addon of stores.addons.list())
      if (addon.spec?.internetAccess?.mode === 'NodePort') queue.add(keyOf(addon));
  });
  stores.authorities.onChange(({ before, after }) => {
    if (trustOfSecret(before)?.bundlePem !== trustOfSecret(after)?.bundlePem) all();
  });
  stores.namespaces.onChange(({ before, after }) => {
    if (after?.metadata.deletionTimestamp === undefined || before?.metadata.deletionTimestamp !== undefined)
      return;
    for (const addon of stores.addons.byIndex(BY_NAMESPACE, after.metadata.name)) queue.add(keyOf(addon));
  });
}
