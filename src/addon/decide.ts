import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { appsOf, isPaused, stateOf } from '../api/addon-defaults.ts';
import { notImplemented } from '../api/not-implemented.ts';
import type { KubeObject } from '../kube/objects/types.ts';
import type { InfluxTls } from '../influx/transport.ts';
import { isOlder } from '../versions/rules.ts';
import { accessStep } from './rights/step.ts';
import type { Action, Decision } from './decision/action.ts';
import { countChanges } from './apps/changes.ts';
import { decideApps } from './apps/decide.ts';
import { keyOf } from './apps/entries.ts';
import { usesAuthority } from './tls/follow.ts';
import { holdForBackup } from './backups/before-upgrade.ts';
import { agentSecretAction } from './backups/agent.ts';
import { filledFrom, fillFromBackup } from './backups/fill.ts';
import { onVolume } from './backups/volume.ts';
import { writesStopped, writeStop } from './backups/write-stop.ts';
import { certificateNeed, trustedBy } from './tls/certificate.ts';
import { childChanges, withoutRefused } from './children/changes.ts';
import { serviceHost } from './access/connection.ts';
import { withFittingData } from './wish/data-fit.ts';
import { settleContents } from './database/contents/facts.ts';
import { contentsStep, lossesOf } from './database/contents/next.ts';
import { accessTo, CHECK_INTERVAL_MS, databaseStep, isAbout } from './database/state.ts';
import { decideDeletion, finalizerAction } from './lifecycle/deletion.ts';
import { credentialsMark, settleFacts } from './identity/settle.ts';
import { recordedInForce } from './identity/record.ts';
import { type Facts, type InForce } from './world/facts.ts';
import { activeFindings, findingOf } from './decision/findings.ts';
import type { Fresh } from './world/fresh.ts';
import { hashOf } from './world/hash.ts';
import { diagnose } from './pod/diagnose.ts';
import { announcements } from './status/announcements.ts';
import { allowedOutside, certificateNames, endpointInForce, withInternetAccess } from './access/in-force.ts';
import { wayIn, type WayIn } from './access/way-in.ts';
import { releasedClaim, volumeBeingDeleted } from './volume/leaving.ts';
import { growVolume } from './limits/growth.ts';
import { measuring } from './limits/measuring.ts';
import { LOOK_AGAIN_MS, lossInEngine, lossOf } from './volume/lost.ts';
import { backupBeforeMaintenance, beginning, maintenanceOf, takeIn } from './maintenance/take-in.ts';
import { childNames, ownedMeta } from './world/names.ts';
import { openedBy } from './identity/opened.ts';
import { ownCopy, withOwnCertificate } from './tls/own-certificate.ts';
import {
  acting,
  AN_ADDRESS,
  heldBack,
  idle,
  paused,
  powerless,
  running,
  silent,
  stopped,
  stored,
  waiting,
} from './status/outcomes.ts';
import { podState } from './pod/state.ts';
import { READY_REASON, STALLED_REASON } from '../api/reasons.ts';
import { CERTIFICATE_NOT_READ, mendsCertificate } from './tls/unread.ts';
import { VOLUME_RELEASED } from './volume/restored.ts';
import { restoredEvents } from './children/restored.ts';
import { ADMINISTRATOR_LOST, repairedEvents } from './database/repaired.ts';
import { restartPod } from './pod/restart.ts';
import type { BuildContext } from './children/context.ts';
import type { Children } from './world/children.ts';
import { renderedFor } from './children/stateful-set.ts';
import { changesUsers } from './identity/rotation-phases.ts';
import { lastTurn, nextTurn, storing } from './rotation/turns.ts';
import { withFirstToken } from './identity/token.ts';
import { keptDataPlane, startingMessage, startingReason, startsOf } from './pod/starting.ts';
import { blockedPicture, type Picture } from './status/status.ts';
import { sparingThePod } from './volume/spare-pod.ts';
import { lastInForce, resolveTarget } from './wish/target.ts';
import { type Refusal, type Resolution } from './decision/resolution.ts';
import { isOfUserSecret, untriedUsers, userSecretChanges } from './database/user-secrets.ts';
import type { World } from './world/world.ts';

/** A login to which the database did not answer is tried again so soon. */
const TRY_AGAIN_MS = 5_000;

/** What a decision gets beside the world. */
export interface Environment {
  readonly now: Date;
  readonly fresh: Fresh;
}

/**
 * The whole story of an addon: from what is, the next actions and the status that is true now. Pure: no I/O, no clock
 * but `now`, no randomness but `fresh`. While there are actions, the caller acts and decides again; the status of a
 * decision without actions is the one to store.
 */
export function decide(world: World, environment: Environment): Decision {
  const { addon } = world;
  if (addon.metadata.deletionTimestamp !== undefined) return decideDeletion(world, environment.now);
  if (world.namespaceTerminating) return idle();
  if (isPaused(addon)) return paused(world, environment.now);

  const finalizer = finalizerAction(world);
  if (finalizer !== undefined) return acting([finalizer]);

  const access = accessStep(world, environment.now);
  if (access?.step === 'Act') return acting([access.action]);
  if (access !== undefined) return powerless(world, access, environment.now);

  const settled = withFirstToken(world, settleFacts(sourcesOf(world), environment.fresh).facts);
  const leaving = volumeBeingDeleted(world, settled);
  const decision = releaseVolume(world) ?? decideOperation(world, settled, leaving, environment);
  return sparingThePod(world, decision, { refusal: leaving, now: environment.now });
}

/** `leaving` is why nothing may end the pod: what is in force stays, whatever the spec asks for. */
function decideOperation(
  world: World,
  settled: Facts,
  leaving: Refusal | undefined,
  environment: Environment,
): Decision {
  const { addon } = world;
  const begun = leaving === undefined ? beginning(world, environment.now) : undefined;
  const before = begun && backupBeforeMaintenance(world, settled, environment.now);
  if (before?.action !== undefined) return acting([before.action]);
  if (begun !== undefined && before === undefined) {
    const events = announcements(addon.status, begun);
    return { actions: [], status: begun, events, requeueAfterMs: 50, waitingFor: undefined };
  }
  const way = wayIn(world, environment.now.getTime());
  const resolution =
    leaving === undefined
      ? wishedFor(world, settled, way, environment.now)
      : { target: undefined, refusal: leaving };
  if ('actions' in resolution) return resolution;
  const awaited = way.state === 'Awaited' || leaving !== undefined ? settled.inForce : undefined;
  const { taken, hold } =
    leaving === undefined
      ? takenWithBackup(world, settled, resolution.target, environment.now)
      : { taken: undefined, hold: undefined };
  if (hold?.action !== undefined) return acting([hold.action]);
  const next = hold === undefined ? taken?.target : settled.inForce;
  const found = awaited ?? next ?? lastInForce(world, settled);
  const restores = leaving === undefined ? world.restores : [];
  const there = found && onVolume(found, settled, restores, addon.status?.storage?.claim);
  const target = there && countChanges(world, settled.inForce, there);
  const unimplemented = notImplemented(addon.spec);
  if (target === undefined) {
    const refusal = resolution.refusal ?? {
      reason: STALLED_REASON.rejected,
      message: 'the spec cannot be followed',
    };
    // A certificate that is not in force yet comes into force without anybody's doing.
    const requeueAfterMs = refusal.reason === STALLED_REASON.certificateRefused ? 60_000 : undefined;
    const picture = blockedPicture(world, refusal, undefined, unimplemented);
    return stored(world, picture, environment.now, { requeueAfterMs });
  }
  if (leaving === undefined && isLeaving(world.children))
    return waiting(world, 'the volume and Secrets of the previous addon to be deleted', environment.now);

  const facts = {
    ...settled,
    contents: settleContents(world, settled, lossesOf(world, settled, environment.now), environment.fresh),
    inForce: target,
    openedBy: openedBy(world, settled, target),
    passwordUnproven: settled.passwordUnproven && !isProven(world, settled),
  };
  const renewTemplate = hold === undefined && (taken?.renewTemplate ?? false);
  const refusal = resolution.refusal ?? hold?.refusal;
  const spare = leaving !== undefined;
  const resolved = { facts, target, renewTemplate, refusal, unimplemented, way, spare };
  return decideRunning(world, resolved, environment);
}

/** A volume that is being deleted and that its user wants to go does so with the pod. */
function releaseVolume(world: World): Decision | undefined {
  const { pod } = world;
  const uses = pod?.spec?.nodeName !== undefined && pod.metadata.deletionTimestamp === undefined;
  if (!uses || releasedClaim(world) === undefined) return undefined;
  return acting([restartPod(world, 'its volume claim is let go')], [VOLUME_RELEASED]);
}

/** What the spec asks for, as far as it can be had; or what has to be done before that is known. */
function wishedFor(world: World, settled: Facts, way: WayIn, now: Date): Resolution | Decision {
  const reached = withInternetAccess(world.addon, resolveTarget(world, settled), way, settled.inForce);
  const certified = withOwnCertificate(world, settled, reached, now);
  return 'actions' in certified ? certified : withFittingData(world, settled, certified, now);
}

/** What is taken in, and the backup that it waits for. What the user asks for waits for no backup of the platform's. */
function takenWithBackup(world: World, settled: Facts, wish: InForce | undefined, now: Date) {
  const taken = takeIn(world, settled, wish, now);
  // Maintenance has seen to its backup before it began.
  if (taken === undefined || world.addon.status?.maintenance?.startedAt !== undefined)
    return { taken, hold: undefined };
  const version = taken.target.version.name;
  const hold = holdForBackup(world, settled, version, now);
  if (hold === undefined || wish === undefined || wish.version.name === version) return { taken, hold };
  return {
    taken: takeIn(world, settled, wish, now, false),
    hold: holdForBackup(world, settled, wish.version.name, now),
  };
}

interface Resolved {
  readonly facts: Facts;
  readonly target: InForce;
  readonly renewTemplate: boolean;
  readonly refusal: Refusal | undefined;
  readonly unimplemented: readonly string[];
  readonly way: WayIn;
  /** The pod is not to be ended: its volume would go with it. */
  readonly spare: boolean;
}

function decideRunning(world: World, resolved: Resolved, { fresh, now }: Environment): Decision {
  const { addon, memory, children } = world;
  const { facts, target, way, spare } = resolved;
  const nowMs = now.getTime();
  const loss = lossOf(world, facts, target, nowMs);
  if (loss?.state === 'Look') return acting([loss.action]);
  if (loss?.state === 'GivenUp' && loss.clear.length > 0) return acting(loss.clear);
  const context: BuildContext = {
    addon,
    facts,
    target,
    children,
    settings: world.settings,
    appSelectors: appSelectors(world),
    outside: allowedOutside(addon, target),
    external: endpointInForce(way, target),
    renewTemplate: resolved.renewTemplate,
    restoredFrom: filledFrom(world),
    startedEmpty: loss?.state === 'GivenUp' ? loss.token : undefined,
  };
  const starts = startsOf(addon.status, stateOf(addon));
  const revision = dataPlaneRevision(context, starts);

  // 1. The children. What is derived from the admin Secret waits until it is stored: a POST that loses a race with an
  // earlier one of ours must not have spread values that are nowhere kept.
  const active = activeFindings(world, nowMs);
  const held = new Set<keyof Children>(facts.passwordUnproven ? ['urlSecret', 'bindingSecret'] : []);
  // Nothing is made of a volume that is not recorded as the one in force yet.
  const recorded = recordedInForce(children.adminSecret, children.statefulSet);
  if (recorded !== undefined && recorded.claim !== target.claim)
    for (const slot of ['claim', 'statefulSet'] as const) held.add(slot);
  const filling = fillFromBackup(world, facts);
  if (filling !== undefined && context.restoredFrom === undefined) held.add('statefulSet');
  const certificate = certificateAction(world, resolved, now);
  const tls = tlsAccess(context);
  // An engine with TLS does not start without its certificate, and a URL with https is of no use before there is one.
  const unready = target.tls === 'Required' && (tls === undefined || certificate !== undefined);
  if (unready) for (const slot of ['urlSecret', 'bindingSecret', 'statefulSet'] as const) held.add(slot);
  const waitsForAddress = isStartHeld(world, way);
  // Every record of what is in force is older than the data: an older engine never gets to see it.
  const tooOld = isOlder(target.version.name, facts.openedBy);
  if (waitsForAddress || tooOld || spare) held.add('statefulSet');
  if (loss?.state === 'Lost') for (const slot of ['claim', 'statefulSet'] as const) held.add(slot);
  const changes = withoutRefused(childChanges(context, held), active);
  const first = changes[0];
  if (first?.slot === 'adminSecret') return acting([first.action]);
  // Before there is a pod that mounts it; a database without it starts all the same.
  const pair = agentSecretAction(world, target, now);
  if (pair !== undefined && findingOf(pair, active) === undefined) return acting([pair]);
  if (changes.length > 0)
    return acting(
      changes.map(({ action }) => action),
      restoredEvents(world, changes),
    );

  if (loss?.state === 'Lost') {
    const picture = blockedPicture(world, loss.refusal, facts, resolved.unimplemented);
    return stored(world, picture, now, { requeueAfterMs: LOOK_AGAIN_MS });
  }

  // Not a matter of the pod's health: a database on a full volume may not come up.
  const growth = spare ? undefined : growVolume(world, context, now);
  if (growth !== undefined) return acting([growth.action], growth.events);

  if (filling?.state === 'Make') return acting([filling.action]);
  if (filling !== undefined)
    return stored(world, blockedPicture(world, filling.refusal, facts, resolved.unimplemented), now);

  if (unready && certificate !== undefined && findingOf(certificate, active) === undefined)
    return acting([certificate]);
  // An engine with TLS is never spoken to without: the administrator's password would go over the wire in the clear.
  if (unready && tls === undefined) {
    if (active[0] === undefined && resolved.refusal === undefined)
      return waiting(world, 'the certificate of the database', now);
    return heldBack(world, resolved, active[0], now);
  }

  // 2. The pod and the database in it.
  // Without the admin Secret nobody can ask the database anything; and one whose pod may not become what is asked for
  // would be taken for changed, and its apps be restarted for nothing.
  const names = childNames(addon.metadata.name);
  const refusedSet = active.find((finding) => finding.target === `StatefulSet/${names.statefulSet}`);
  if (children.adminSecret === undefined || refusedSet !== undefined || tooOld)
    return heldBack(world, resolved, refusedSet ?? active[0], now);
  if (waitsForAddress) return waiting(world, AN_ADDRESS, now);
  const finding = active[0];
  const refusal =
    resolved.refusal ??
    (finding === undefined ? undefined : { reason: finding.reason, message: finding.message });
  const base = {
    reconciling: true,
    refusal,
    notImplemented: resolved.unimplemented,
    facts,
    inForce: undefined,
    apps: undefined,
  } as const;
  if (stateOf(addon) === 'Stopped' && !(spare && world.pod !== undefined))
    return stopped(world, base, starts, now);

  const pod = podState(world.pod, children.statefulSet, nowMs);
  const starting = startingReason(addon.status, target, revision);
  if (pod.state !== 'Ready' || world.pod === undefined) {
    const trouble = diagnose(world, pod, nowMs);
    if (trouble.action !== undefined) return acting([trouble.action]);
    const blocked = refusal ?? trouble.refusal;
    const reason = blocked === undefined ? (trouble.reason ?? starting) : READY_REASON.blocked;
    const message = blocked?.message ?? trouble.message ?? startingMessage(starting, addon.status);
    const picture: Picture = {
      ...base,
      refusal: blocked,
      ready: { status: false, reason, message },
      available: { status: false, reason: trouble.reason ?? starting, message: trouble.message ?? message },
      state: 'Running',
      dataPlane: keptDataPlane(addon.status, starts),
    };
    return stored(world, picture, now, {
      waitingFor: trouble.waitingFor,
      requeueAfterMs: trouble.requeueAfterMs,
    });
  }
  const contents = contentsStep(world, facts, accessTo(world.pod, facts, tls), nowMs);
  const readOnly = writeStop(world) !== undefined;
  const database = databaseStep({
    pod: world.pod,
    facts,
    contents: contents?.action,
    knowledge: memory.database,
    revision,
    verifiedRevision: addon.status?.dataPlane?.revision,
    readOnly,
    tls,
    nowMs,
  });
  const answer = memory.database?.answer;
  if (database.state === 'Act' && database.action.do === 'changeDatabase' && answer?.ok === true) {
    const empty = lossInEngine(world, facts, target, answer.state);
    if (empty !== undefined) {
      const picture = blockedPicture(world, empty, facts, resolved.unimplemented);
      return stored(world, picture, now, { requeueAfterMs: CHECK_INTERVAL_MS });
    }
  }
  if (database.state === 'Act') {
    const isMeant = changesUsers(facts) || readOnly || addon.status?.restore !== undefined;
    return acting([database.action], isMeant ? [] : repairedEvents(world, database.action));
  }
  if (database.state === 'AdministratorLost' && database.restart && !spare)
    return acting([restartPod(world, 'the administrator cannot log in')], [ADMINISTRATOR_LOST]);
  if (database.state === 'Silent' && database.untrusted && !spare && mendsCertificate(world, target, now))
    return acting([restartPod(world, 'it shows another certificate')], [CERTIFICATE_NOT_READ]);
  if (database.state === 'ReadOnly') return writesStopped(world, base, database, starts, now);
  if (database.state !== 'Answering') return silent(world, base, database, starting, starts, now);

  const secrets = userSecretChanges(world, context).filter(
    (action) => findingOf(action, active) === undefined,
  );
  if (secrets.length > 0) return acting(secrets);
  const untried = untriedUsers(world, context);
  const tryMs = untried.length === 0 ? Infinity : TRY_AGAIN_MS - (nowMs - (memory.database?.askedMs ?? 0));
  if (tryMs <= 0) return acting([{ do: 'askDatabase', access: accessTo(world.pod, facts, tls) }]);

  // A user's Secret that may not be made or changed keeps nobody else from new credentials.
  const mayBegin = resolved.refusal === undefined && active.every((each) => isOfUserSecret(each, addon));
  const turn = nextTurn(world, facts, { mayBegin, fresh, now });
  const turned = turn === undefined ? [] : storing(context, turn.facts, active);
  if (turned.length > 0)
    return acting(
      turned.map(({ action }) => action),
      turn?.events,
    );

  // 3. The apps, once the database has answered with what is now in force.
  const trustKnown = !usesAuthority(target) || target.authority !== undefined;
  const apps =
    resolved.refusal === undefined && trustKnown ? decideApps(world, facts, target, starts, now) : undefined;
  if (apps?.actions.length) return acting(apps.actions, apps.events);

  const last = lastTurn(world, facts, apps?.decisions, now);
  const ended = last === undefined || 'wakeMs' in last ? [] : storing(context, last.facts, active);
  if (ended.length > 0) return acting(ended.map(({ action }) => action));

  // 4. Off the path to Ready: a certificate also for a database without TLS, so that TLS can be switched on.
  if (certificate !== undefined && findingOf(certificate, active) === undefined) return acting([certificate]);

  // 5. How large it is, once status has told that it answers.
  const isTold = addon.status?.dataPlane?.revision === revision;
  const measure = isTold
    ? measuring(world, target.plan.spec, accessTo(world.pod, facts, tls), nowMs)
    : undefined;
  if (measure?.action !== undefined) return acting([measure.action]);

  const maintenance = (blocked: boolean) => maintenanceOf(world, context, blocked, now);
  const wakeMs = last !== undefined && 'wakeMs' in last ? last.wakeMs : Infinity;
  const recheckMs = Math.min(database.recheckMs, wakeMs, measure?.wakeMs ?? Infinity, tryMs);
  const outcome = { target, apps, revision, starts, recheckMs, contents, untried, maintenance, way };
  return running(world, { ...base, facts }, outcome, now);
}

function sourcesOf({ addon, children }: World) {
  const { adminSecret, urlSecret, bindingSecret, claim, statefulSet } = children;
  return {
    addonName: addon.metadata.name,
    statusId: addon.status?.id,
    adminSecret,
    urlSecret: notOfPredecessor(addon, urlSecret),
    bindingSecret: notOfPredecessor(addon, bindingSecret),
    claim,
    statefulSet,
  };
}

/** A Secret of an addon of the same name that was deleted goes with it: its password is not to be used again. */
function notOfPredecessor<T extends KubeObject>(addon: World['addon'], child: T | undefined): T | undefined {
  const owners = child?.metadata?.ownerReferences?.filter(({ kind }) => kind === 'InfluxAddon') ?? [];
  return owners.length > 0 && owners.every(({ uid }) => uid !== addon.metadata.uid) ? undefined : child;
}

/** An addon of the same name was deleted with its volume a moment ago: what is going away is never taken over. */
function isLeaving({ adminSecret, claim, statefulSet }: Children): boolean {
  if (adminSecret?.metadata.deletionTimestamp !== undefined) return true;
  return claim?.metadata.deletionTimestamp !== undefined && statefulSet === undefined;
}

/** A hash of all that makes the running database what it is; a new one has to be verified. */
function dataPlaneRevision(context: BuildContext, starts: number): string {
  const { facts, children } = context;
  return hashOf({
    renderedFor: renderedFor(context),
    id: facts.id,
    password: facts.password,
    volume: children.claim?.metadata.uid,
    starts,
  });
}

/** The database has let the application's user in with this password. */
function isProven({ memory, pod }: World, facts: Facts): boolean {
  const asked = { podUid: pod?.metadata.uid ?? '', credentials: credentialsMark(facts) };
  const { database } = memory;
  return isAbout(database, asked) && database.answer.ok && database.answer.login === 'Accepted';
}

/** What has to be done so that there is a good certificate; undefined when there is one, or nobody to sign one. */
function certificateAction(
  world: World,
  { target, way }: Pick<Resolved, 'target' | 'way'>,
  now: Date,
): Action | undefined {
  const { addon, children, trust } = world;
  const copy = ownCopy(world, target, now);
  if (copy !== undefined) return copy.action;
  if (trust === undefined) return undefined;
  const need = certificateNeed(world, target, trust, now, certificateNames(world, target, way));
  if (need === undefined) return undefined;
  const metadata = ownedMeta(addon, childNames(addon.metadata.name).tlsSecret);
  const object = { metadata, type: 'kubernetes.io/tls' };
  return { do: 'issueCertificate', object, live: children.tlsSecret, trust, need };
}

function tlsAccess({ addon, target, children, settings }: BuildContext): InfluxTls | undefined {
  const ca = trustedBy(children.tlsSecret);
  if (target.tls !== 'Required' || ca === undefined) return undefined;
  return { ca, servername: serviceHost(addon, settings.clusterDomain) };
}

/** Of the apps that the spec names, in its order: those that status still remembers are bound no more. */
function appSelectors({ addon, apps }: World): LabelSelector[] {
  return appsOf(addon)
    .map((app) => apps.get(keyOf(app))?.spec?.selector)
    .filter((selector) => selector !== undefined);
}

/** Nobody misses a database that has never run: it is started once, with the address in its certificate. */
function isStartHeld({ addon, children }: World, way: WayIn): boolean {
  return (
    way.state === 'Awaited' &&
    children.statefulSet === undefined &&
    addon.status?.dataPlane?.revision === undefined
  );
}
