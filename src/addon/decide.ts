import { isPaused, stateOf } from '../api/addon-defaults.ts';
import type { InfluxAddonStatus } from '../api/influx-addon.ts';
import { notImplemented } from '../api/not-implemented.ts';
import * as kinds from '../kube/kinds.ts';
import type { InfluxTls } from '../influx/transport.ts';
import type { Action, Announcement, Decision, IssueCertificateAction } from './action.ts';
import { announcements } from './announcements.ts';
import { decideApps, type AppsOutcome } from './apps/decide-apps.ts';
import { certificateNeed } from './certificate.ts';
import { childChanges, type ChildChange } from './children.ts';
import { serviceHost } from './connection.ts';
import { databaseStep, isAbout, type DatabaseState } from './database-steps.ts';
import { decideDeletion, finalizerAction } from './deletion.ts';
import { credentialsMark, decode, settleFacts, type Facts, type InForce } from './facts.ts';
import { activeFindings, findingOf, targetOf } from './findings.ts';
import type { Fresh } from './fresh.ts';
import { hashOf } from './hash.ts';
import { diagnose } from './diagnose.ts';
import { childNames, ownedMeta } from './names.ts';
import { openedBy } from './opened.ts';
import { podState } from './pod-state.ts';
import { EVENT_REASON, READY_REASON, STALLED_REASON, type ReadyReason } from './reasons.ts';
import type { BuildContext, Children } from './resources/context.ts';
import { renderedFor } from './resources/stateful-set.ts';
import { blockedPicture, renderStatus, type Picture } from './status.ts';
import { lastInForce, resolveTarget, type Refusal } from './target.ts';
import type { Finding, World } from './world.ts';

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

  const { facts: settled, missing } = settleFacts(sourcesOf(world), environment.fresh);
  const resolution = resolveTarget(world, settled);
  const target = resolution.target ?? settled.inForce ?? lastInForce(world, settled);
  const unimplemented = notImplemented(addon.spec);
  if (target === undefined) {
    const refusal = resolution.refusal ?? {
      reason: STALLED_REASON.rejected,
      message: 'the spec cannot be followed',
    };
    return stored(world, blockedPicture(world, refusal, undefined, unimplemented), environment.now);
  }
  if (isLeaving(world.children))
    return waiting(world, 'the volume and Secrets of the previous addon to be deleted', environment.now);

  const facts = {
    ...settled,
    inForce: target,
    openedBy: openedBy(world, settled, target),
    passwordUnproven: settled.passwordUnproven && !isProven(world, settled),
  };
  return decideRunning(
    world,
    { facts, target, refusal: resolution.refusal, missing, unimplemented },
    environment.now,
  );
}

interface Resolved {
  readonly facts: Facts;
  readonly target: InForce;
  readonly refusal: Refusal | undefined;
  readonly missing: readonly string[];
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
  };
  const starts = startsOf(addon.status, stateOf(addon));
  const revision = dataPlaneRevision(context, starts);

  // 1. The children. What is derived from the admin Secret waits until it is stored: a POST that loses a race with an
  // earlier one of ours must not have spread values that are nowhere kept.
  const active = activeFindings(world, nowMs);
  const held = new Set<keyof Children>(facts.passwordUnproven ? ['urlSecret', 'bindingSecret'] : []);
  const certificate = certificateAction(world, now);
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
  if (unready && world.trust === undefined)
    return waiting(world, 'the authority that signs certificates', now);

  // 2. The pod and the database in it.
  if (children.adminSecret === undefined) return withoutAdminSecret(world, resolved, active[0], now);
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
  if (stateOf(addon) === 'Stopped') return decideStopped(world, base, starts, now);

  const pod = podState(world.pod, children.statefulSet, nowMs);
  const starting = startingReason(addon.status, target, revision);
  if (pod.state !== 'Ready' || world.pod === undefined) {
    const trouble = diagnose(world, pod, nowMs);
    if (trouble.action !== undefined) return acting([trouble.action]);
    const blocked = refusal ?? trouble.refusal;
    const reason = blocked === undefined ? (trouble.reason ?? starting) : READY_REASON.blocked;
    const message = blocked?.message ?? trouble.message ?? startingMessage(starting);
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
  const apps = resolved.refusal === undefined ? decideApps(world, facts, target, starts, now) : undefined;
  if (apps?.actions.length) return acting(apps.actions, apps.events);

  // 4. Off the path to Ready: a certificate also for a database without TLS, so that TLS can be switched on.
  if (certificate !== undefined && findingOf(certificate, active) === undefined) return acting([certificate]);

  return running(
    world,
    { ...base, facts },
    { target, apps, revision, starts, recheckMs: database.recheckMs },
    now,
  );
}

/** The database answers as it should: what remains is to say so, and how far the apps are. */
function running(
  world: World,
  base: Pick<Picture, 'refusal' | 'notImplemented' | 'facts'>,
  outcome: {
    target: InForce;
    apps: AppsOutcome | undefined;
    revision: string;
    starts: number;
    recheckMs: number;
  },
  now: Date,
): Decision {
  const { addon } = world;
  const { apps } = outcome;
  const before = addon.status?.dataPlane;
  const refusal = base.refusal ?? apps?.refusal;
  const lost = world.children.claim?.metadata.deletionTimestamp !== undefined;
  const blocked: Refusal | undefined = lost ? VOLUME_BEING_DELETED : refusal;
  // A rollout of a few seconds is not worth a state of its own: status is stored once, when it is done.
  if (blocked === undefined && apps?.settlingMs !== undefined) {
    return {
      actions: [],
      status: undefined,
      events: [],
      requeueAfterMs: apps.settlingMs,
      waitingFor: undefined,
    };
  }
  const picture: Picture = {
    ...base,
    refusal: blocked,
    reconciling: false,
    ready:
      blocked === undefined
        ? {
            status: true,
            reason: READY_REASON.ready,
            message: 'the database answers, and the spec is in force',
          }
        : { status: false, reason: READY_REASON.blocked, message: blocked.message },
    available: { status: true, reason: 'Answering', message: 'the database answers' },
    inForce: outcome.target,
    state: 'Running',
    dataPlane: {
      revision: outcome.revision,
      verifiedAt:
        before?.revision === outcome.revision && before.verifiedAt !== undefined
          ? before.verifiedAt
          : now.toISOString(),
      starts: outcome.starts,
    },
    apps: apps?.decisions,
  };
  return stored(world, picture, now, { requeueAfterMs: outcome.recheckMs });
}

/** Its name is taken, or it may not be made: without it nobody can ask the database anything. */
function withoutAdminSecret(
  world: World,
  { facts, unimplemented, refusal }: Resolved,
  finding: Finding | undefined,
  now: Date,
): Decision {
  const available = world.addon.status?.conditions?.find(({ type }) => type === 'Available');
  const why = refusal ?? finding ?? { reason: STALLED_REASON.rejected, message: 'there is no admin Secret' };
  const blocked = blockedPicture(world, { reason: why.reason, message: why.message }, facts, unimplemented);
  return stored(
    world,
    available === undefined
      ? blocked
      : { ...blocked, available: { ...available, status: available.status === 'True' } },
    now,
  );
}

function silent(
  world: World,
  base: Omit<Picture, 'ready' | 'available' | 'state' | 'dataPlane'>,
  database: Exclude<DatabaseState, { state: 'Act' } | { state: 'Answering' }>,
  starting: ReadyReason,
  starts: number,
  now: Date,
): Decision {
  const message =
    database.state === 'Silent'
      ? database.message
      : 'the administrator cannot log in; the next start of the pod heals it';
  const what = database.state === 'Silent' ? 'the database to answer' : 'the administrator to be healed';
  // A database that comes up answers within a moment: only what lasts is reported as a failure.
  const fresh = starting !== READY_REASON.degraded && (world.memory.database?.failures ?? 0) < 4;
  const reason =
    base.refusal === undefined ? (fresh ? starting : READY_REASON.degraded) : READY_REASON.blocked;
  const text =
    base.refusal?.message ??
    (fresh ? startingMessage(starting) : `The database does not answer as it should: ${message}.`);
  const picture: Picture = {
    ...base,
    ready: { status: false, reason, message: text },
    available: { status: false, reason: READY_REASON.degraded, message: text },
    state: 'Running',
    dataPlane: keptDataPlane(world.addon.status, starts),
  };
  return stored(world, picture, now, { waitingFor: what, requeueAfterMs: database.retryMs });
}

function decideStopped(
  world: World,
  base: Omit<Picture, 'ready' | 'available' | 'state' | 'dataPlane'>,
  starts: number,
  now: Date,
): Decision {
  const gone = world.pod === undefined;
  const reason = gone ? READY_REASON.stopped : READY_REASON.stopping;
  const message = gone
    ? 'the database is stopped; its volume and Secrets stay'
    : 'the database is being stopped';
  const blocked = base.refusal;
  const picture: Picture = {
    ...base,
    reconciling: !gone,
    ready:
      blocked === undefined
        ? { status: gone, reason, message }
        : { status: false, reason: READY_REASON.blocked, message: blocked.message },
    available: { status: false, reason, message },
    state: gone ? 'Stopped' : 'Running',
    dataPlane: keptDataPlane(world.addon.status, starts),
  };
  return stored(world, picture, now, gone ? {} : { waitingFor: 'the pod to stop' });
}

function paused(world: World, now: Date): Decision {
  const before = world.addon.status;
  const available = before?.conditions?.find(({ type }) => type === 'Available');
  const message = 'influxaddon.dev/paused is set: nothing is changed or repaired until it is removed';
  const picture: Picture = {
    ready: { status: false, reason: READY_REASON.paused, message },
    available: {
      status: available?.status === 'True',
      reason: available?.reason ?? READY_REASON.paused,
      message: available?.message ?? message,
    },
    reconciling: false,
    refusal: undefined,
    notImplemented: [],
    facts: undefined,
    inForce: undefined,
    state: undefined,
    dataPlane: undefined,
    apps: undefined,
  };
  return stored(world, picture, now);
}

function waiting(world: World, what: string, now: Date): Decision {
  const picture: Picture = {
    ready: { status: false, reason: READY_REASON.provisioning, message: `Waiting for ${what}.` },
    available: { status: false, reason: READY_REASON.provisioning, message: 'there is no database yet' },
    reconciling: true,
    refusal: undefined,
    notImplemented: [],
    facts: undefined,
    inForce: undefined,
    state: undefined,
    dataPlane: undefined,
    apps: undefined,
  };
  return stored(world, picture, now, { waitingFor: what, requeueAfterMs: 5_000 });
}

/** Everything is done that can be done now: store this status, and look again when told. */
function stored(
  world: World,
  picture: Picture,
  now: Date,
  next: { waitingFor?: string | undefined; requeueAfterMs?: number | undefined } = {},
): Decision {
  const status = renderStatus(world, picture, now);
  const retry = world.memory.findings
    .map((finding) => finding.untilMs - now.getTime())
    .filter((ms) => ms > 0);
  const times = [...retry, next.requeueAfterMs].filter((ms): ms is number => ms !== undefined);
  return {
    actions: [],
    status,
    events: announcements(world.addon.status, status),
    requeueAfterMs: times.length === 0 ? undefined : Math.max(50, Math.min(...times)),
    waitingFor: next.waitingFor,
  };
}

function acting(actions: readonly Action[], events: readonly Announcement[] = []): Decision {
  return { actions, status: undefined, events, requeueAfterMs: undefined, waitingFor: undefined };
}

function idle(): Decision {
  return { actions: [], status: undefined, events: [], requeueAfterMs: undefined, waitingFor: undefined };
}

function sourcesOf({ addon, children }: World) {
  const { adminSecret, urlSecret, bindingSecret, claim, statefulSet } = children;
  return {
    addonName: addon.metadata.name,
    statusId: addon.status?.id,
    adminSecret,
    urlSecret,
    bindingSecret,
    claim,
    statefulSet,
  };
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

/** How often the database was started after `Stopped`: its apps are restarted after each. */
function startsOf(status: InfluxAddonStatus | undefined, wanted: 'Running' | 'Stopped'): number {
  const before = status?.dataPlane?.starts ?? 0;
  return status?.state === 'Stopped' && wanted === 'Running' ? before + 1 : before;
}

function keptDataPlane(
  status: InfluxAddonStatus | undefined,
  starts: number,
): InfluxAddonStatus['dataPlane'] {
  if (status?.dataPlane === undefined && starts === 0) return undefined;
  return { ...status?.dataPlane, starts };
}

function startingReason(
  status: InfluxAddonStatus | undefined,
  target: InForce,
  revision: string,
): ReadyReason {
  if (status?.dataPlane?.revision === undefined) return READY_REASON.provisioning;
  if (status.dataPlane.revision === revision) return READY_REASON.degraded;
  if (status.version !== target.version.name) return READY_REASON.upgrading;
  if (status.plan !== target.plan.name) return READY_REASON.changingPlan;
  if (status.endpoint?.startsWith('https:') !== (target.tls === 'Required')) return READY_REASON.switchingTls;
  return READY_REASON.provisioning;
}

function startingMessage(reason: ReadyReason): string {
  switch (reason) {
    case READY_REASON.upgrading:
      return 'The database is being restarted with another version.';
    case READY_REASON.changingPlan:
      return 'The database is being restarted with another plan.';
    case READY_REASON.switchingTls:
      return 'The database is being restarted with TLS switched on or off.';
    case READY_REASON.degraded:
      return 'The database is being restarted.';
    default:
      return 'The database is being started.';
  }
}

/** The database has let the application's user in with this password. */
function isProven({ memory, pod }: World, facts: Facts): boolean {
  const asked = { podUid: pod?.metadata.uid ?? '', credentials: credentialsMark(facts) };
  const { database } = memory;
  return isAbout(database, asked) && database.answer.ok && database.answer.login === 'Accepted';
}

/** What has to be done so that there is a good certificate; undefined when there is one, or nobody to sign one. */
function certificateAction(world: World, now: Date): IssueCertificateAction | undefined {
  const { addon, children, trust } = world;
  if (trust === undefined) return undefined;
  const need = certificateNeed(world, trust, now);
  if (need === undefined) return undefined;
  const metadata = ownedMeta(addon, childNames(addon.metadata.name).tlsSecret);
  const object = { metadata, type: 'kubernetes.io/tls' };
  return { do: 'issueCertificate', object, live: children.tlsSecret, trust, need };
}

function tlsAccess({ addon, target, children, settings }: BuildContext): InfluxTls | undefined {
  const ca = decode(children.tlsSecret)['ca.crt'];
  if (target.tls !== 'Required' || ca === undefined) return undefined;
  return { ca, servername: serviceHost(addon, settings.clusterDomain) };
}

function appSelectors(world: World): Record<string, string>[] {
  return [...world.apps.values()]
    .map((app) => app.spec?.selector.matchLabels)
    .filter((labels) => labels !== undefined);
}

/**
 * Without what was refused a moment ago. Behind a child that cannot be made none is made either, since each may build
 * on those before it: an engine started on somebody else's volume would write to it.
 */
function withoutRefused(changes: readonly ChildChange[], active: readonly Finding[]): ChildChange[] {
  const refused = ({ action }: ChildChange) => findingOf(action, active) !== undefined;
  const missing = changes.findIndex((change) => change.action.do === 'create' && refused(change));
  return changes.filter(
    (change, index) => !refused(change) && (missing < 0 || index < missing || change.action.do !== 'create'),
  );
}

function restartPod(world: World): Action {
  const { name, namespace, uid, resourceVersion } = world.pod?.metadata ?? {
    name: '',
    uid: '',
    resourceVersion: '',
  };
  return {
    do: 'delete',
    kind: kinds.Pod,
    key: { name, namespace: namespace ?? '' },
    uid,
    resourceVersion,
    why: 'the administrator cannot log in',
  };
}

const ADMINISTRATOR_LOST: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.administratorLost,
  note: 'The administrator cannot log in to the database: the pod is restarted, which heals it.',
};

const VOLUME_BEING_DELETED: Refusal = {
  reason: STALLED_REASON.volumeBeingDeleted,
  message:
    'Somebody deleted the volume claim: the data goes when the pod next stops. Copy it away now; the deletion cannot be taken back.',
};

/** Tells of a child that was changed or deleted behind the operator's back, but not of the first making. */
function restoredEvents(world: World, changes: readonly { slot: string; action: Action }[]): Announcement[] {
  if (world.addon.status?.dataPlane?.revision === undefined) return [];
  return changes
    .filter(({ action }) => action.do === 'create')
    .map(({ action }) => ({
      type: 'Normal',
      reason: EVENT_REASON.childRestored,
      note: `${targetOf(action)?.replace('/', ' ')} was missing and is made again.`,
    }));
}

function repairedEvents(world: World, action: Action): Announcement[] {
  if (action.do !== 'changeDatabase' || world.addon.status?.dataPlane?.revision === undefined) return [];
  const what = action.steps.map((step) => step.what).join(', ');
  return [
    {
      type: 'Normal',
      reason: EVENT_REASON.databaseRepaired,
      note: `The database was not as it should be and is repaired: ${what}.`,
    },
  ];
}
