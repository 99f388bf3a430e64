import type { DatabaseAccess } from '../decision/action.ts';
import { credentialsMark } from '../identity/settle.ts';
import { plans } from '../../api/catalogue.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { NOBODY } from '../../maintenance/fleet.ts';
import { type Facts, type InForce } from '../world/facts.ts';
import { NO_BACKUPS } from '../backups/view.ts';
import type { Fresh } from '../world/fresh.ts';
import { offerOf } from '../wish/plan-offers.ts';
import type { Settings } from '../world/settings.ts';
import type { BuildContext } from '../children/context.ts';
import type { Children } from '../world/children.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY } from '../world/memory.ts';

/** Objects for tests about addons: an addon `my-app` in the namespace `shop`, plan 1g, and a small catalogue. */
export const NAMESPACE = 'shop';
export const NOW = new Date('2030-01-01T12:00:00.000Z');

export const SETTINGS: Settings = {
  clusterDomain: 'cluster.local',
  operatorNamespace: 'influxaddon-system',
  operatorPodLabels: { 'app.kubernetes.io/name': 'influxaddon-operator' },
  restarts: { atOnce: 5, deadlineMs: 300_000 },
  credentialOverlapMs: 30_000,
};

export const NO_CHILDREN: Children = {
  adminSecret: undefined,
  adminCopy: undefined,
  urlSecret: undefined,
  bindingSecret: undefined,
  claim: undefined,
  service: undefined,
  statefulSet: undefined,
  networkPolicy: undefined,
  tlsSecret: undefined,
  agentSecret: undefined,
  externalService: undefined,
};

export const VERSIONS: World['versions'] = [
  version('1.7.11'),
  version('1.8.5'),
  { ...version('1.8.10'), default: true },
];

/** Reached from outside the cluster. */
export const REACHED: Partial<InfluxAddonSpec> = {
  tls: { mode: 'Required' },
  internetAccess: { mode: 'LoadBalancer', allowedCIDRs: ['203.0.113.0/24'] },
};

let revisions = 0;

/** An object as the API server would have stored it: with uid, resourceVersion and generation. */
export function live<T extends KubeObject>(object: T): Live<T> {
  revisions += 1;
  const metadata = {
    name: 'unnamed',
    uid: `uid-${revisions}`,
    resourceVersion: String(revisions),
    generation: 1,
    creationTimestamp: NOW.toISOString(),
    ...object.metadata,
  };
  return { ...object, metadata } as Live<T>;
}

export function addonOf(
  spec: Partial<InfluxAddonSpec> = {},
  rest: Partial<Pick<InfluxAddon, 'metadata' | 'status'>> = {},
): Live<InfluxAddon> {
  const { metadata, ...others } = rest;
  return live<InfluxAddon>({
    apiVersion: 'influxaddon.dev/v1alpha1',
    kind: 'InfluxAddon',
    metadata: { name: 'my-app', namespace: NAMESPACE, uid: 'addon-uid', ...metadata },
    spec: { plan: '1g', ...spec },
    ...others,
  });
}

export function planOf(name = '1g', lifecycle?: 'Available' | 'Deprecated' | 'Withdrawn'): Live<InfluxPlan> {
  const plan = plans.find((each) => each.metadata?.name === name);
  if (plan === undefined) throw new Error(`the catalogue has no plan ${name}`);
  return live({ ...plan, spec: { ...plan.spec, ...(lifecycle === undefined ? {} : { lifecycle }) } });
}

function isOffered(name: string): boolean {
  return plans.some((each) => each.metadata?.name === name);
}

export function inForce(plan = '1g', name = '1.8.10'): InForce {
  return { plan: { name: plan, spec: planOf(plan).spec }, version: { name, image: `influxdb:${name}` } };
}

/** Draws that differ each time and are the same in each run. */
export function countingFresh(prefix = 'p'): Fresh {
  let drawn = 0;
  return {
    number: () => 1000 + (drawn += 1),
    password: () => `${prefix}${String((drawn += 1)).padStart(40, '0')}`,
  };
}

export const FACTS: Facts = {
  id: 'my_app_3707',
  username: 'my_app_3707',
  password: 'application-password-0123456789',
  adminPassword: 'administrator-password-0123456789',
  openedBy: '1.8.10',
  inForce: inForce(),
  passwordUnproven: false,
};

export function contextOf(overrides: Partial<BuildContext> = {}): BuildContext {
  return {
    addon: addonOf(),
    facts: FACTS,
    target: inForce(),
    children: NO_CHILDREN,
    settings: SETTINGS,
    appSelectors: [],
    ...overrides,
  };
}

export function worldOf(overrides: Partial<World> = {}): World {
  const addon = overrides.addon ?? addonOf();
  return {
    addon,
    namespaceTerminating: false,
    plan: isOffered(addon.spec.plan) ? planOf(addon.spec.plan) : undefined,
    planNames: ['512m', '1g', '2g'],
    planSizes: new Map(plans.map(({ metadata, spec }) => [metadata?.name ?? '', spec.storage.size])),
    planOffers: plans.flatMap((plan) => offerOf(plan) ?? []),
    versions: VERSIONS,
    access: { binding: undefined, known: true },
    children: NO_CHILDREN,
    pod: undefined,
    storageClasses: { names: ['standard'], hasDefault: true, expandable: ['standard'] },
    apps: new Map(),
    trust: undefined,
    fleet: NOBODY,
    backups: NO_BACKUPS,
    restores: [],
    memory: NO_MEMORY,
    settings: SETTINGS,
    ...overrides,
  };
}

function version(name: string): World['versions'][number] {
  return {
    name,
    image: `influxdb:${name}`,
    lifecycle: 'Available',
    default: false,
    migratesFromMajor: null,
  };
}

/** How the database of FACTS is reached. */
export const ACCESS: DatabaseAccess = {
  podUid: 'pod-uid',
  version: '1.8.10',
  credentials: credentialsMark(FACTS),
  host: '10.1.0.9',
  port: 8086,
  id: FACTS.id,
  username: FACTS.username,
  password: FACTS.password,
  adminPassword: FACTS.adminPassword,
  tls: undefined,
};
