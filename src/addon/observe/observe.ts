import { appsOf, backupsOf, internetAccessOf, usersOf } from '../../api/addon-defaults.ts';
import { isDefaultVersion, lifecycleOf, migratesFromMajorOf } from '../../api/catalogue-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import { isQuantity, unitsOf } from '../../kube/objects/quantity.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { NOBODY } from '../../maintenance/fleet.ts';
import { appEntries } from '../apps/entries.ts';
import type { Workload, World } from '../world/world.ts';
import type { Memory } from '../world/memory.ts';
import { AUTHORITY_SECRET, trustOfSecret } from '../tls/authorities.ts';
import { recordedPasswords } from '../database/contents/facts.ts';
import { addressesOf } from '../access/node-addresses.ts';
import { claimInForce } from '../backups/volume.ts';
import { ADDON_LABEL, childNames, keyOf, userSecretName } from '../world/names.ts';
import { offerOf } from '../wish/plan-offers.ts';
import type { Settings } from '../world/settings.ts';
import { bindingName } from '../rights/role-binding.ts';
import { BY_ADDON, BY_APP, type Stores } from './stores.ts';

/** Gathers what is known about one addon. Only reads caches: no request is made. */
export function observe(
  stores: Stores,
  addon: Live<InfluxAddon>,
  memory: Memory,
  settings: Settings,
  fleet: World['fleet'] = NOBODY,
): World {
  const { name, namespace = '' } = addon.metadata;
  const names = childNames(name);
  const at = (child: string) => `${namespace}/${child}`;
  const records = {
    adminSecret: stores.secrets.get(at(names.adminSecret)),
    statefulSet: ownStatefulSet(stores, at(names.statefulSet), name),
  };
  const ownCertificate = addon.spec.tls?.certificateRef;
  const classes = [...stores.storageClasses.list()];
  return {
    addon,
    namespaceTerminating: stores.namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined,
    plan: stores.plans.get(addon.spec.plan),
    planNames: plansOnOffer(stores),
    planSizes: sizesOf(stores),
    planOffers: [...stores.plans.list()].flatMap((plan) => offerOf(plan) ?? []),
    versions: [...stores.versions.list()].map((entry) => ({
      name: entry.metadata.name,
      image: entry.spec.image,
      lifecycle: lifecycleOf(entry),
      default: isDefaultVersion(entry),
      migratesFromMajor: migratesFromMajorOf(entry) ?? null,
    })),
    access: {
      binding: settings.tenancy && stores.roleBindings?.get(at(bindingName(name, settings.tenancy))),
      known: stores.secrets.knows(namespace),
    },
    children: {
      adminSecret: records.adminSecret,
      adminCopy: stores.secrets.get(at(names.adminCopy)),
      urlSecret: stores.secrets.get(at(names.urlSecret)),
      bindingSecret: stores.secrets.get(at(names.bindingSecret)),
      claim: stores.claims.get(at(claimInForce(addon, records))),
      service: stores.services.get(at(names.service)),
      statefulSet: records.statefulSet,
      networkPolicy: stores.networkPolicies.get(at(names.networkPolicy)),
      tlsSecret: stores.secrets.get(at(names.tlsSecret)),
      agentSecret: stores.secrets.get(at(names.agentSecret)),
      externalService: stores.services.get(at(names.externalService)),
    },
    ...podOf(stores, namespace, names.pod),
    storageClasses: {
      names: classes.map((each) => each.metadata.name),
      hasDefault: classes.some(
        (each) => each.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
      ),
      expandable: classes
        .filter((each) => each.allowVolumeExpansion === true)
        .map((each) => each.metadata.name),
    },
    apps: workloadsOf(stores, addon, memory),
    rivals: rivalsOf(stores, addon),
    trust: trustOfSecret(stores.authorities.get(`${settings.operatorNamespace}/${AUTHORITY_SECRET}`)),
    fleet,
    ownCertificate: ownCertificate === undefined ? undefined : stores.referenced.get(at(ownCertificate.name)),
    nodeAddresses: internetAccessOf(addon).mode === 'NodePort' ? nodeAddresses(stores) : undefined,
    backups: {
      all: stores.backups.byIndex(BY_ADDON, at(name)),
      storeExists: stores.backupStores.get(at(backupsOf(addon)?.store ?? '')) !== undefined,
    },
    restores: stores.restores.byIndex(BY_ADDON, at(name)),
    ...(addon.metadata.deletionTimestamp === undefined
      ? {}
      : { otherClaims: otherClaims(stores, addon, claimInForce(addon, records)) }),
    userSecrets: userSecretsOf(stores, addon),
    memory,
    settings,
  };
}

function otherClaims(stores: Stores, { metadata }: Live<InfluxAddon>, inForce: string) {
  return [...stores.claims.list()].filter(
    (claim) =>
      claim.metadata.namespace === metadata.namespace &&
      claim.metadata.labels?.[ADDON_LABEL] === metadata.name &&
      claim.metadata.name !== inForce,
  );
}

function userSecretsOf(stores: Stores, addon: Live<InfluxAddon>): Map<string, Live<Secret>> {
  const { name, namespace = '' } = addon.metadata;
  const admin = stores.secrets.get(`${namespace}/${childNames(name).adminSecret}`);
  const names = new Set([
    ...usersOf(addon).map((user) => user.name),
    ...Object.keys(recordedPasswords(admin)),
    ...(addon.status?.users ?? []).map((user) => user.name),
  ]);
  const found = new Map<string, Live<Secret>>();
  for (const user of names) {
    const secret = stores.secrets.get(`${namespace}/${userSecretName(name, user)}`);
    if (secret?.metadata.labels?.[ADDON_LABEL] === name) found.set(user, secret);
  }
  return found;
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

/** Of the apps that the spec names; from the index, which holds few addons for each. */
function rivalsOf(stores: Stores, addon: Live<InfluxAddon>): Map<string, readonly string[]> {
  const { name, namespace = '' } = addon.metadata;
  return new Map(
    appsOf(addon).map((app) => {
      const all = stores.addons.byIndex(BY_APP, `${namespace}/${keyOf(app)}`);
      return [keyOf(app), all.map((each) => each.metadata.name).filter((each) => each !== name)];
    }),
  );
}

function nodeAddresses(stores: Stores): Map<string, readonly string[]> {
  return new Map([...stores.nodes.list()].map((node) => [node.metadata.name, addressesOf(node)]));
}

function podOf(stores: Stores, namespace: string, name: string): Pick<World, 'pod' | 'mountedClaim'> {
  const pod = stores.pods.get(`${namespace}/${name}`);
  const data = pod?.spec?.volumes?.find((volume) => volume.name === 'data')?.persistentVolumeClaim;
  const mountedClaim = data && stores.claims.get(`${namespace}/${data.claimName}`);
  return mountedClaim === undefined ? { pod } : { pod, mountedClaim };
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
