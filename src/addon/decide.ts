import { isPaused, stateOf } from '../api/addon-defaults.ts';
import { notImplemented } from '../api/not-implemented.ts';
import type { KubeObject } from '../kube/types.ts';
import type { InfluxTls } from '../influx/transport.ts';
import type { Action, Decision } from './action.ts';
import { decideApps } from './apps/decide-apps.ts';
import { certificateNeed, trustedBy } from './certificate.ts';
import { childChanges, withoutRefused } from './children.ts';
import { serviceHost } from './connection.ts';
import { withFittingData } from './data-fit.ts';
import { databaseStep, isAbout } from './database-steps.ts';
import { decideDeletion, finalizerAction } from './deletion.ts';
import { credentialsMark, settleFacts, type Facts, type InForce } from './facts.ts';
import { activeFindings, findingOf } from './findings.ts';
import type { Fresh } from './fresh.ts';
import { hashOf } from './hash.ts';
import { diagnose } from './diagnose.ts';
import { announcements } from './announcements.ts';
import { beginning, maintenanceOf, takeIn } from './maintenance.ts';
import { childNames, ownedMeta } from './names.ts';
import { openedBy } from './opened.ts';
import { ownCopy, withOwnCertificate } from './own-certificate.ts';
import { acting, heldBack, idle, paused, running, silent, stopped, stored, waiting } from './outcomes.ts';
import { podState } from './pod-state.ts';
import { READY_REASON, STALLED_REASON } from './reasons.ts';
import { ADMINISTRATOR_LOST, repairedEvents, restartPod, restoredEvents } from './repairs.ts';
import type { BuildContext, Children } from './resources/context.ts';
import { renderedFor } from './resources/stateful-set.ts';
import { keptDataPlane, startingMessage, startingReason, startsOf } from './starting.ts';
import { blockedPicture, type Picture } from './status.ts';
import { lastInForce, resolveTarget, type Refusal } from './target.ts';
import type { World } from './world.ts';

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

  const { facts: settled } = settleFacts(sourcesOf(world), environment.fresh);
  const begun = beginning(world, environment.now);
  if (begun !== undefined) {
    const events = announcements(addon.status, begun);
    return { actions: [], status: begun, events, requeueAfterMs: 50, waitingFor: undefined };
  }
  const certified = withOwnCertificate(world, settled, resolveTarget(world, settled), environment.now);
  if ('actions' in certified) return certified;
  const fitting = withFittingData(world, settled, certified, environment.now);
  if ('actions' in fitting) return fitting;
  const resolution = fitting;
  const taken =
    resolution.target === undefined ? undefined : takeIn(world, settled, resolution.target, environment.now);
  const target = taken?.target ?? settled.inForce ?? lastInForce(world, settled);
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
  if (isLeaving(world.children))
    return waiting(world, 'the volume and Secrets of the previous addon to be deleted', environment.now);

  const facts = {
    ...settled,
    inForce: target,
    openedBy: openedBy(world, settled, target),
    passwordUnproven: settled.passwordUnproven && !isProven(world, settled),
  };
  const renewTemplate = taken?.renewTemplate ?? false;
  const resolved = { facts, target, renewTemplate, refusal: resolution.refusal, unimplemented };
  return decideRunning(world, resolved, environment.now);
}

interface Resolved {
  readonly facts: Facts;
  readonly target: InForce;
  readonly renewTemplate: boolean;
  readonly refusal: Refusal | undefined;
  readonly unimplemented: readonly string[];
}

function decideRunning(world: World, resolved: Resolved, now: Date): Decision {
  const { addon, memory, children } = world;
  const { facts, target } = resolved;
  const nowMs = now.getTime();
  const context: BuildContext = {
    addon,
    facts,
    target,
    children,
    settings: world.settings,
    appSelectors: appSelectors(world),
    renewTemplate: resolved.renewTemplate,
  };
  const starts = startsOf(addon.status, stateOf(addon));
  const revision = dataPlaneRevision(context, starts);

  // 1. The children. What is derived from the admin Secret waits until it is stored: a POST that loses a race with an
  // earlier one of ours must not have spread values that are nowhere kept.
  const active = activeFindings(world, nowMs);
  const held = new Set<keyof Children>(facts.passwordUnproven ? ['urlSecret', 'bindingSecret'] : []);
  const certificate = certificateAction(world, target, now);
  const tls = tlsAccess(context);
  // An engine with TLS does not start without its certificate, and a URL with https is of no use before there is one.
  const unready = target.tls === 'Required' && (tls === undefined || certificate !== undefined);
  if (unready) for (const slot of ['urlSecret', 'bindingSecret', 'statefulSet'] as const) held.add(slot);
  const changes = withoutRefused(childChanges(context, held), active);
  const first = changes[0];
  if (first?.slot === 'adminSecret') return acting([first.action]);
  if (changes.length > 0)
    return acting(
      changes.map(({ action }) => action),
      restoredEvents(world, changes),
    );

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
  if (children.adminSecret === undefined || refusedSet !== undefined)
    return heldBack(world, resolved, refusedSet ?? active[0], now);
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
  if (stateOf(addon) === 'Stopped') return stopped(world, base, starts, now);

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
  const database = databaseStep({
    pod: world.pod,
    facts,
    knowledge: memory.database,
    revision,
    verifiedRevision: addon.status?.dataPlane?.revision,
    tls,
    nowMs,
  });
  if (database.state === 'Act') return acting([database.action], repairedEvents(world, database.action));
  if (database.state === 'AdministratorLost' && database.restart)
    return acting([restartPod(world)], [ADMINISTRATOR_LOST]);
  if (database.state !== 'Answering') return silent(world, base, database, starting, starts, now);

  // 3. The apps, once the database has answered with what is now in force.
  const trustKnown =
    target.tls !== 'Required' || target.certificate !== undefined || world.trust !== undefined;
  const apps =
    resolved.refusal === undefined && trustKnown ? decideApps(world, facts, target, starts, now) : undefined;
  if (apps?.actions.length) return acting(apps.actions, apps.events);

  // 4. Off the path to Ready: a certificate also for a database without TLS, so that TLS can be switched on.
  if (certificate !== undefined && findingOf(certificate, active) === undefined) return acting([certificate]);

  const maintenance = (blocked: boolean) => maintenanceOf(world, context, blocked, now);
  const outcome = { target, apps, revision, starts, recheckMs: database.recheckMs, maintenance };
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
function certificateAction(world: World, target: InForce, now: Date): Action | undefined {
  const { addon, children, trust } = world;
  const copy = ownCopy(world, target, now);
  if (copy !== undefined) return copy.action;
  if (trust === undefined) return undefined;
  const need = certificateNeed(world, trust, now);
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

function appSelectors(world: World): Record<string, string>[] {
  return [...world.apps.values()]
    .map((app) => app.spec?.selector.matchLabels)
    .filter((labels) => labels !== undefined);
}
