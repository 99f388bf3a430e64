import { isDeepStrictEqual } from 'node:util';
import type { AppPicture, Picture } from '../decision/picture.ts';
import { appsOf } from '../../api/addon-defaults.ts';
import type { AddonCondition, AppStatus, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { setCondition } from '../../kube/objects/conditions.ts';
import { given } from '../../kube/objects/given.ts';
import { availableUpgrades } from '../../versions/rules.ts';
import { backupHealth } from '../backups/health.ts';
import { writeStopStatus } from '../backups/write-stop.ts';
import { announcedEntries, listable } from '../apps/entries.ts';
import { asToldBefore } from '../database/contents/unlisted.ts';
import { certificateEnd } from '../tls/certificate.ts';
import { endpointOf } from '../access/connection.ts';
import { externalEndpointOf } from '../access/in-force.ts';
import { wayIn } from '../access/way-in.ts';
import { stillAccepted } from '../lifecycle/last-accepted.ts';
import { limitConditions } from '../limits/index.ts';
import { restartHandled } from '../maintenance/restart-token.ts';
import { givenUpFor, isTold } from '../volume/lost.ts';
import { ANNOTATION, childNames } from '../world/names.ts';
import { STALLED_REASON, APP_REASON, NOT_STALLED, UP_TO_DATE } from '../../api/reasons.ts';
import { rotatedFor, rotationStatus } from '../rotation/status.ts';
import type { World } from '../world/world.ts';
import { unknownFields } from './unknown-fields.ts';

/** The whole status, from scratch but for times, what this pass did not look at, and what only a newer release knows. */
export function renderStatus(world: World, picture: Picture, now: Date): InfluxAddonStatus {
  const { addon, settings } = world;
  const before = addon.status ?? {};
  const names = childNames(addon.metadata.name);
  const version = picture.inForce?.version.name ?? before.version;
  const apps = listable(
    world,
    picture.apps === undefined ? announcedEntries(world) : entriesOf(picture.apps),
  );
  const upgrades = version === undefined ? undefined : availableUpgrades(version, world.versions);
  const status: InfluxAddonStatus = given({
    ...unknownFields(before),
    observedGeneration: addon.metadata.generation ?? 0,
    id: picture.facts?.id ?? before.id,
    plan: picture.growing === true ? before.plan : (picture.inForce?.plan.name ?? before.plan),
    version,
    state: picture.state ?? before.state,
    availableUpgrades: upgrades?.length === 0 ? undefined : upgrades,
    endpoint:
      picture.inForce === undefined
        ? before.endpoint
        : endpointOf(addon, picture.inForce, settings.clusterDomain),
    externalEndpoint: externalEndpointOf(before, picture.inForce, wayIn(world, now.getTime())),
    user: before.user === userOf(before, picture) ? before.user : undefined,
    urlSecret: picture.facts === undefined ? before.urlSecret : names.urlSecret,
    adminSecret: picture.facts === undefined ? before.adminSecret : names.adminSecret,
    binding: picture.facts === undefined ? before.binding : { name: names.bindingSecret },
    apps: apps.length === 0 ? undefined : apps,
    appsReady: appsReady(world, picture, before),
    storage: sizesOf(world, picture),
    tlsSecret: picture.facts === undefined ? before.tlsSecret : names.tlsSecret,
    certificate: certificateOf(world),
    backups: backupHealth(world, now).status,
    ...contentsOf(picture, before),
    maintenance: picture.maintenance?.status ?? before.maintenance,
    rotation:
      picture.facts === undefined
        ? before.rotation
        : rotationStatus(world, picture.facts, {
            apps: picture.apps,
            blocked: picture.refusal !== undefined,
          }),
    restore: writeStopStatus(world, picture, now),
    lastHandled: handledTokens(world, picture),
    dataPlane: picture.dataPlane ?? before.dataPlane,
    accepted: stillAccepted(world),
    conditions: conditionsOf(world, picture, now),
  });
  const told = asToldBefore(status, before);
  if (isDeepStrictEqual(told, before)) return told;
  // Written with what is news anyway: the first release that remembers it writes to nobody for it.
  const { accepted = told.accepted } = picture;
  return { ...told, ...given({ accepted, user: userOf(before, picture) }) };
}

/** Whose the published URL is: after every other rotation its user is not called by the id. */
function userOf(before: InfluxAddonStatus, { facts }: Picture): string | undefined {
  if (facts === undefined) return before.user;
  return facts.username === facts.id ? undefined : facts.username;
}

function handledTokens(
  { addon, children }: World,
  { facts, maintenance, inForce }: Picture,
): InfluxAddonStatus['lastHandled'] {
  const handled = maintenance?.lastHandled ?? addon.status?.lastHandled;
  const rotate = (facts && rotatedFor(facts)) ?? handled?.rotate;
  const startEmpty = inForce === undefined ? undefined : givenUpFor({ addon, children });
  const restart = restartHandled(addon, inForce);
  if (rotate === undefined && startEmpty === undefined && restart === undefined) return handled;
  return { ...handled, ...given({ rotate, startEmpty, restart }) };
}

/** What the schema allows; words of the API server that are passed on may be longer. */
const MAX_MESSAGE = 4096;

function conditionsOf(world: World, picture: Picture, now: Date): AddonCondition[] {
  const { available } = picture;
  const refusal = picture.refusal?.waiting ? undefined : picture.refusal;
  const ready = picture.refusal?.waiting
    ? { status: false, reason: picture.refusal.waiting, message: picture.refusal.message }
    : picture.ready;
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
  const works = (picture.reconciling || picture.refusal?.waiting !== undefined) && refusal === undefined;
  set('Reconciling', works, works ? ready.reason : UP_TO_DATE, works ? ready.message : '');
  set('Stalled', refusal !== undefined, refusal?.reason ?? NOT_STALLED, refusal?.message ?? '');
  // Beside those that the spec names there may be some that it named, from which variables cannot be taken.
  const named = appsOf(world.addon).length + (picture.apps?.length ?? 0) > 0;
  if (picture.apps !== undefined && named) {
    // What keeps all the others waiting first, then what keeps one.
    const waiting =
      picture.apps.find((app) => app.reason === APP_REASON.waveStopped) ??
      picture.apps.find((app) => !app.current) ??
      picture.apps.find((app) => app.message !== '');
    const all = picture.apps.every((app) => app.current);
    set(
      'AppsCurrent',
      all,
      waiting?.reason ?? APP_REASON.current,
      waiting?.message ?? 'every bound app runs with what it depends on',
    );
  } else if (picture.appTrouble !== undefined) {
    set('AppsCurrent', false, picture.appTrouble.reason, picture.appTrouble.message);
  } else if (!named) {
    conditions = conditions.filter(({ type }) => type !== 'AppsCurrent');
  }
  if (picture.maintenance !== undefined) {
    const { status, reason, message } = picture.maintenance.condition;
    set('MaintenancePending', status, reason, message);
  }
  const plan = (picture.inForce ?? picture.facts?.inForce)?.plan;
  // A database that is stopped or must not be looked at comes no nearer to a limit, and no farther away.
  if (plan !== undefined && picture.state === 'Running')
    for (const { type, status, reason, message } of limitConditions(world, plan, now))
      set(type, status, reason, message);
  const backups = backupHealth(world, now).condition;
  if (backups === undefined) conditions = conditions.filter(({ type }) => type !== 'BackupsHealthy');
  else set('BackupsHealthy', backups.status, backups.reason, backups.message);
  if (picture.notImplemented.length > 0) {
    set(
      'NotImplemented',
      true,
      STALLED_REASON.notImplemented,
      `this release does not act on ${picture.notImplemented.join(', ')}`,
    );
  } else {
    conditions = conditions.filter(({ type }) => type !== 'NotImplemented');
  }
  return conditions;
}

function entriesOf(apps: readonly AppPicture[]): AppStatus[] {
  return apps.map((app) => app.entry).filter((entry): entry is AppStatus => entry !== undefined);
}

function appsReady(world: World, picture: Picture, before: InfluxAddonStatus): string | undefined {
  const wanted = appsOf(world.addon).length;
  if (wanted === 0) return undefined;
  if (picture.apps === undefined) return before.appsReady ?? `0/${wanted}`;
  return `${picture.apps.filter((app) => app.current).length}/${wanted}`;
}

function contentsOf({ contents }: Picture, before: InfluxAddonStatus): InfluxAddonStatus {
  if (contents !== undefined) return contents;
  const { retentionPolicies, continuousQueries, moreContinuousQueries, users } = before;
  return { retentionPolicies, continuousQueries, moreContinuousQueries, users };
}

/** A volume that grows while the database is changed is no news by itself: it is told with what comes of the change. */
function sizesOf(world: World, picture: Picture): InfluxAddonStatus['storage'] {
  const { status } = world.addon;
  const before = status?.storage;
  const sizes = picture.inForce === undefined && before !== undefined ? before : (storageOf(world) ?? before);
  const { claim } = world.children;
  // Written with what is news anyway: that the database answers from another volume, or that this one goes or is lost.
  const isNews =
    (picture.inForce !== undefined && picture.dataPlane?.revision !== status?.dataPlane?.revision) ||
    picture.refusal?.reason === STALLED_REASON.volumeBeingDeleted ||
    (picture.refusal?.reason === STALLED_REASON.dataLost && claim?.status?.phase === 'Lost') ||
    (picture.refusal?.reason !== STALLED_REASON.dataLost && isTold(status) && isBoundByHand(claim));
  const { uid, volume } =
    isNews && claim !== undefined
      ? { uid: claim.metadata.uid, volume: claim.spec?.volumeName }
      : (before ?? {});
  return sizes && given({ ...sizes, uid, volume });
}

/** After a loss. What was said of that one is not said of this claim, even if it goes before anything answers from it. */
function isBoundByHand(claim: World['children']['claim']): boolean {
  const { metadata, spec } = claim ?? {};
  return spec?.volumeName !== undefined && metadata?.annotations?.[ANNOTATION.startedEmpty] === undefined;
}

function storageOf(world: World): InfluxAddonStatus['storage'] {
  const claim = world.children.claim;
  if (claim === undefined) return undefined;
  return given({
    className: claim.spec?.storageClassName,
    requested: claim.spec?.resources?.requests?.['storage'],
    actual: claim.status?.capacity?.['storage'],
    claim:
      claim.metadata.name === childNames(world.addon.metadata.name).claim ? undefined : claim.metadata.name,
  });
}

/** The end of one that is not in use is told where it was told before: it is no reason for a write. */
function certificateOf({ addon, children, trust }: World): InfluxAddonStatus['certificate'] {
  if (addon.spec.tls?.mode !== 'Required' && addon.status?.certificate === undefined) return undefined;
  const notAfter = certificateEnd(children.tlsSecret);
  return notAfter === undefined
    ? undefined
    : given({
        notAfter,
        caNotAfter: addon.spec.tls?.certificateRef === undefined ? trust?.notAfter : undefined,
      });
}
