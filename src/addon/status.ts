import { appsOf, stateOf } from '../api/addon-defaults.ts';
import type { AddonCondition, AppStatus, InfluxAddonStatus } from '../api/influx-addon.ts';
import { setCondition } from '../kube/conditions.ts';
import { given } from '../kube/given.ts';
import { availableUpgrades } from '../versions/rules.ts';
import type { AppDecision } from './apps/binding.ts';
import { announcedEntries } from './apps/entries.ts';
import { certificateEnd } from './certificate.ts';
import { endpointOf } from './connection.ts';
import type { Facts, InForce } from './facts.ts';
import type { MaintenanceOutcome } from './maintenance.ts';
import { childNames } from './names.ts';
import { READY_REASON, type ReadyReason } from './reasons.ts';
import type { Refusal } from './target.ts';
import type { World } from './world.ts';

/** What was found to be true of an addon; status is made of it. */
export interface Picture {
  readonly ready: { readonly status: boolean; readonly reason: ReadyReason; readonly message: string };
  readonly available: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** Work goes on, or something is waited for that comes by itself. */
  readonly reconciling: boolean;
  readonly refusal: Refusal | undefined;
  readonly notImplemented: readonly string[];
  readonly facts: Facts | undefined;
  /** What the database is known to run with; undefined leaves what status said. */
  readonly inForce: InForce | undefined;
  readonly state: 'Running' | 'Stopped' | undefined;
  readonly dataPlane: InfluxAddonStatus['dataPlane'];
  /** Undefined leaves status.apps as it was: the apps were not looked at. */
  readonly apps: readonly AppDecision[] | undefined;
  /** Undefined leaves what status says: what the platform wants is looked at only of a database that answers. */
  readonly maintenance?: MaintenanceOutcome;
}

/** A pass that only says why nothing is done: all that status tells of the database stays as it was. */
export const NOTHING_NEW: Omit<Picture, 'ready' | 'available'> = {
  reconciling: false,
  refusal: undefined,
  notImplemented: [],
  facts: undefined,
  inForce: undefined,
  state: undefined,
  dataPlane: undefined,
  apps: undefined,
};

/** The whole status, from scratch but for times and what this pass did not look at. */
export function renderStatus(world: World, picture: Picture, now: Date): InfluxAddonStatus {
  const { addon, settings } = world;
  const before = addon.status ?? {};
  const names = childNames(addon.metadata.name);
  const version = picture.inForce?.version.name ?? before.version;
  const apps: AppStatus[] = picture.apps === undefined ? announcedEntries(world) : entriesOf(picture.apps);
  const upgrades = version === undefined ? undefined : availableUpgrades(version, world.versions);
  return given({
    observedGeneration: addon.metadata.generation ?? 0,
    id: picture.facts?.id ?? before.id,
    plan: picture.inForce?.plan.name ?? before.plan,
    version,
    state: picture.state ?? before.state,
    availableUpgrades: upgrades?.length === 0 ? undefined : upgrades,
    endpoint:
      picture.inForce === undefined
        ? before.endpoint
        : endpointOf(addon, picture.inForce, settings.clusterDomain),
    urlSecret: picture.facts === undefined ? before.urlSecret : names.urlSecret,
    adminSecret: picture.facts === undefined ? before.adminSecret : names.adminSecret,
    binding: picture.facts === undefined ? before.binding : { name: names.bindingSecret },
    apps: apps.length === 0 ? undefined : apps,
    appsReady: appsReady(world, picture, before),
    storage: sizesOf(world, picture),
    tlsSecret: world.children.tlsSecret === undefined ? undefined : names.tlsSecret,
    certificate: certificateOf(world),
    maintenance: picture.maintenance?.status ?? before.maintenance,
    lastHandled: picture.maintenance?.lastHandled ?? before.lastHandled,
    dataPlane: picture.dataPlane ?? before.dataPlane,
    conditions: conditionsOf(world, picture, now),
  });
}

/** What the schema allows; words of the API server that are passed on may be longer. */
const MAX_MESSAGE = 4096;

function conditionsOf(world: World, picture: Picture, now: Date): AddonCondition[] {
  const { ready, available, refusal } = picture;
  const generation = world.addon.metadata.generation ?? 0;
  let conditions: AddonCondition[] = [...(world.addon.status?.conditions ?? [])];
  const set = (type: string, status: boolean, reason: string, message: string) => {
    const condition = {
      type,
      status: status ? ('True' as const) : ('False' as const),
      reason,
      message: message.slice(0, MAX_MESSAGE),
      observedGeneration: generation,
    };
    conditions = setCondition(conditions, condition, now.getTime()) as AddonCondition[];
  };
  set('Ready', ready.status, ready.reason, ready.message);
  set('Available', available.status, available.reason, available.message);
  const works = picture.reconciling && refusal === undefined;
  set('Reconciling', works, works ? ready.reason : 'UpToDate', works ? ready.message : '');
  set('Stalled', refusal !== undefined, refusal?.reason ?? 'NotStalled', refusal?.message ?? '');
  if (picture.apps !== undefined && appsOf(world.addon).length > 0) {
    // What keeps all the others waiting first, then what keeps one.
    const waiting =
      picture.apps.find((app) => app.reason === 'WaveStopped') ??
      picture.apps.find((app) => !app.current) ??
      picture.apps.find((app) => app.message !== '');
    const all = picture.apps.every((app) => app.current);
    set(
      'AppsCurrent',
      all,
      waiting?.reason ?? 'Current',
      waiting?.message ?? 'every bound app runs with what it depends on',
    );
  } else if (appsOf(world.addon).length === 0) {
    conditions = conditions.filter(({ type }) => type !== 'AppsCurrent');
  }
  if (picture.maintenance !== undefined) {
    const { status, reason, message } = picture.maintenance.condition;
    set('MaintenancePending', status, reason, message);
  }
  if (picture.notImplemented.length > 0) {
    set(
      'NotImplemented',
      true,
      'NotImplemented',
      `this release does not act on ${picture.notImplemented.join(', ')}`,
    );
  } else {
    conditions = conditions.filter(({ type }) => type !== 'NotImplemented');
  }
  return conditions;
}

function entriesOf(apps: readonly AppDecision[]): AppStatus[] {
  return apps.map((app) => app.entry).filter((entry): entry is AppStatus => entry !== undefined);
}

function appsReady(world: World, picture: Picture, before: InfluxAddonStatus): string | undefined {
  const wanted = appsOf(world.addon).length;
  if (wanted === 0) return undefined;
  if (picture.apps === undefined) return before.appsReady ?? `0/${wanted}`;
  return `${picture.apps.filter((app) => app.current).length}/${wanted}`;
}

/** A volume that grows while the database is changed is no news by itself: it is told with what comes of the change. */
function sizesOf(world: World, { inForce }: Picture): InfluxAddonStatus['storage'] {
  const before = world.addon.status?.storage;
  return inForce === undefined && before !== undefined ? before : (storageOf(world) ?? before);
}

function storageOf(world: World): InfluxAddonStatus['storage'] {
  const claim = world.children.claim;
  if (claim === undefined) return undefined;
  return given({
    className: claim.spec?.storageClassName,
    requested: claim.spec?.resources?.requests?.['storage'],
    actual: claim.status?.capacity?.['storage'],
  });
}

function certificateOf({ addon, children, trust }: World): InfluxAddonStatus['certificate'] {
  const notAfter = certificateEnd(children.tlsSecret);
  return notAfter === undefined
    ? undefined
    : given({
        notAfter,
        caNotAfter: addon.spec.tls?.certificateRef === undefined ? trust?.notAfter : undefined,
      });
}

/** The picture of an addon that a spec keeps from running: nothing is known but why. */
export function blockedPicture(
  world: World,
  refusal: Refusal,
  facts: Facts | undefined,
  notImplemented: readonly string[],
): Picture {
  return {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.blocked, message: refusal.message },
    available: {
      status: false,
      reason: stateOf(world.addon) === 'Stopped' ? READY_REASON.stopped : READY_REASON.blocked,
      message: 'there is no database yet',
    },
    refusal,
    notImplemented,
    facts,
  };
}
