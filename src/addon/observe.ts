import { appsOf } from '../api/addon-defaults.ts';
import { isDefaultVersion, lifecycleOf, migratesFromMajorOf } from '../api/catalogue-defaults.ts';
import type { InfluxAddon } from '../api/influx-addon.ts';
import type { InfluxPlan } from '../api/influx-plan.ts';
import { isQuantity, unitsOf } from '../kube/quantity.ts';
import type { Live } from '../kube/types.ts';
import { appEntries } from './apps/entries.ts';
import type { Workload } from './apps/view.ts';
import { AUTHORITY_SECRET, trustOfSecret } from './authority/authorities.ts';
import { childNames } from './names.ts';
import type { Settings } from './resources/context.ts';
import type { Stores } from './stores.ts';
import type { Memory, World } from './world.ts';

/** Gathers what is known about one addon. Only reads caches: no request is made. */
export function observe(
  stores: Stores,
  addon: Live<InfluxAddon>,
  memory: Memory,
  settings: Settings,
  fleet: World['fleet'] = [],
): World {
  const { name, namespace = '' } = addon.metadata;
  const names = childNames(name);
  const at = (child: string) => `${namespace}/${child}`;
  const ownCertificate = addon.spec.tls?.certificateRef;
  const classes = [...stores.storageClasses.list()];
  return {
    addon,
    namespaceTerminating: stores.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined,
    plan: stores.plans.get(addon.spec.plan),
    planNames: plansOnOffer(stores),
    planSizes: sizesOf(stores),
    versions: [...stores.versions.list()].map((entry) => ({
      name: entry.metadata.name,
      image: entry.spec.image,
      lifecycle: lifecycleOf(entry),
      default: isDefaultVersion(entry),
      migratesFromMajor: migratesFromMajorOf(entry) ?? null,
    })),
    children: {
      adminSecret: stores.secrets.get(at(names.adminSecret)),
      urlSecret: stores.secrets.get(at(names.urlSecret)),
      bindingSecret: stores.secrets.get(at(names.bindingSecret)),
      claim: stores.claims.get(at(names.claim)),
      service: stores.services.get(at(names.service)),
      statefulSet: ownStatefulSet(stores, at(names.statefulSet), name),
      networkPolicy: stores.networkPolicies.get(at(names.networkPolicy)),
      tlsSecret: stores.secrets.get(at(names.tlsSecret)),
    },
    pod: stores.pods.get(at(names.pod)),
    storageClasses: {
      names: classes.map((each) => each.metadata.name),
      hasDefault: classes.some(
        (each) => each.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
      ),
    },
    apps: workloadsOf(stores, addon, memory),
    trust: trustOfSecret(stores.authorities.get(`${settings.operatorNamespace}/${AUTHORITY_SECRET}`)),
    fleet,
    ownCertificate: ownCertificate === undefined ? undefined : stores.referenced.get(at(ownCertificate.name)),
    memory,
    settings,
  };
}

/** StatefulSets are cached for apps as well: one of the right name without our labels is somebody else's. */
function ownStatefulSet(stores: Stores, key: string, addonName: string) {
  const found = stores.statefulSets.get(key);
  return found?.metadata.labels?.['influxaddon.dev/addon'] === addonName ? found : undefined;
}

function workloadsOf(stores: Stores, addon: Live<InfluxAddon>, memory: Memory): Map<string, Live<Workload>> {
  const found = new Map<string, Live<Workload>>();
  for (const { kind, name } of [...appEntries({ addon, memory }), ...appsOf(addon)]) {
    const key = `${addon.metadata.namespace}/${name}`;
    const workload =
      kind === 'Deployment'
        ? stores.deployments.get(key)
        : kind === 'StatefulSet'
          ? stores.statefulSets.get(key)
          : stores.daemonSets.get(key);
    if (workload !== undefined) found.set(`${kind}/${name}`, workload);
  }
  return found;
}

/** Names for messages, in order of size. */
function plansOnOffer(stores: Stores): string[] {
  return [...stores.plans.list()]
    .filter((plan) => lifecycleOf(plan) !== 'Withdrawn')
    .toSorted((a, b) => memoryOf(a) - memoryOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((plan) => plan.metadata.name);
}

/** Storage of the plans that have a size; one that was stored past the schema may have none. */
function sizesOf(stores: Stores): Map<string, string> {
  const sizes = [...stores.plans.list()].map((plan): [string, unknown] => {
    const { storage } = (plan.spec ?? {}) as Partial<InfluxPlan['spec']>;
    return [plan.metadata.name, storage?.size];
  });
  return new Map(sizes.filter((entry): entry is [string, string] => isQuantity(entry[1])));
}

function memoryOf({ spec }: InfluxPlan): number {
  try {
    return unitsOf(spec.memory);
  } catch {
    return 0; // one broken plan is no reason to know nothing about all the others
  }
}
