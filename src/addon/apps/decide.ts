import { appsOf, variablesOf, type BoundApp } from '../../api/addon-defaults.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, Announcement, PatchAction } from '../decision/action.ts';
import { connectionUrl } from '../access/connection.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { hashOf } from '../world/hash.ts';
import { childNames, keyOf } from '../world/names.ts';
import { EVENT_REASON, APP_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';
import { appEntries, isAnnounced, pendingEntry } from './entries.ts';
import { decideApp, type AppDecision } from './binding.ts';
import { unbindPatch } from './patch.ts';
import { type AppWish } from './wish.ts';
import { numbered } from './changes.ts';
import { heldBy, isRolledOut } from './view.ts';
import { type Workload } from '../world/world.ts';
import { nextWave, type WaveApp } from './waves.ts';
import { type WaveLimits } from '../world/settings.ts';

export interface AppsOutcome {
  readonly actions: readonly Action[];
  readonly events: readonly Announcement[];
  readonly decisions: readonly AppDecision[];
  /** Of what apps depend on now. */
  readonly revision: string;
  /** Apps were patched a moment ago: how long their rollout is awaited before it is reported. */
  readonly settlingMs: number | undefined;
  /** Apps are being restarted, and none of them is late. */
  readonly restarting: boolean;
  /** When one of them will be late. */
  readonly lateInMs: number | undefined;
}

/** How long a rollout may take before status speaks of it, milliseconds. */
const SETTLING_MS = 10_000;

const KINDS: Readonly<Record<AppWish['kind'], Kind<KubeObject>>> = {
  Deployment: kinds.Deployment,
  StatefulSet: kinds.StatefulSet,
  DaemonSet: kinds.DaemonSet,
};

/** What the apps need: variables in, variables out, restarts that are due. */
export function decideApps(
  world: World,
  facts: Facts,
  target: InForce,
  starts: number,
  now: Date,
): AppsOutcome {
  const { addon } = world;
  const revision = appRevision(world, facts, target, starts);
  const entries = appEntries(world);
  const active = activeFindings(world, now.getTime());
  const secretName = childNames(addon.metadata.name).urlSecret;
  const actions: Action[] = [];
  const events: Announcement[] = [];
  let unannounced = false;
  const decided = appsOf(addon).map((app) => {
    const wish: AppWish = {
      ...app,
      containers: app.containers,
      addonName: addon.metadata.name,
      secretName,
      variables: variablesOf(addon),
    };
    const entry = entries.find((each) => keyOf(each) === keyOf(app));
    const workload = world.apps.get(keyOf(app));
    const decision = decideApp(wish, workload, entry, revision, now, addon.status?.dataPlane?.apps);
    const action = patchOf(world, app, decision, 'restart with what it depends on');
    const finding = decision.patch === undefined ? undefined : findingOf(action, active);
    return {
      app,
      workload,
      action,
      decision: finding === undefined ? decision : refusedBy(finding, decision.unwritten),
    };
  });
  const wave = nextWave(decided.map(inWave), world.settings.restarts, now.getTime());
  const decisions = decided.map(({ app, action, decision }, position): AppDecision => {
    if (decision.patch === undefined) return decision;
    if (app.env === 'Inject' && !isAnnounced(world, app)) {
      unannounced = true;
      return { ...decision, patch: undefined, entry: { ...decision.unwritten, ...pendingEntry(app) } };
    }
    if (!wave.next.has(position)) return inTurn(app, decision.unwritten, world.settings.restarts);
    actions.push(action);
    events.push({
      type: 'Normal',
      reason: EVENT_REASON.appRestarted,
      note: `${app.kind} ${app.name} is restarted with the connection of this addon.`,
    });
    return decision;
  });
  for (const entry of removedApps(world)) {
    const patch = unbindPatch({ secretName }, world.apps.get(keyOf(entry)));
    if (patch === undefined) continue;
    const action = patchOf(world, entry, { patch }, 'take the injected variables out');
    const finding = findingOf(action, active);
    if (finding === undefined) actions.push(action);
    else decisions.push(refusedBy(finding, entry));
  }
  const rolling = decisions.some((decision) => decision.reason === APP_REASON.rollingOut);
  const waiting = decisions.filter((decision) => decision.reason === APP_REASON.restartWaiting).length;
  const patched = world.memory.appsPatchedMs;
  const left = patched === undefined ? 0 : SETTLING_MS - (now.getTime() - patched);
  return {
    actions,
    events,
    decisions: withLate(decisions, wave.late, waiting),
    revision,
    settlingMs: rolling && left > 0 && !unannounced && waiting === 0 ? left : undefined,
    restarting: wave.late.length === 0 && (waiting > 0 || wave.coming.length > 0),
    lateInMs: wave.lateAtMs === undefined ? undefined : wave.lateAtMs - now.getTime(),
  };
}

function inWave({
  decision,
  workload,
}: {
  decision: AppDecision;
  workload: Live<Workload> | undefined;
}): WaveApp {
  const here = workload !== undefined;
  const rolledOut = here && isRolledOut(workload) ? 'RolledOut' : 'RollingOut';
  return {
    due: decision.patch !== undefined,
    rollout: here && heldBy(workload) !== undefined ? 'Held' : rolledOut,
    restartedMs: decision.comingSinceMs,
  };
}

/** The app as it is, until those before it are up again. */
function inTurn(app: BoundApp, entry: AppStatus | undefined, { atOnce }: WaveLimits): AppDecision {
  const message = `${app.kind} ${app.name} is restarted when those before it are up again, ${atOnce} at once`;
  return {
    patch: undefined,
    restarts: false,
    entry,
    reason: APP_REASON.restartWaiting,
    message,
    current: false,
  };
}

/** Says which apps do not come up, and of those behind them that they wait for that. */
function withLate(
  decisions: readonly AppDecision[],
  late: readonly number[],
  waiting: number,
): readonly AppDecision[] {
  if (late.length === 0) return decisions;
  const names = late.map((position) => {
    const { kind, name, restartedAt } = decisions[position]?.entry ?? {};
    return `${kind} ${name} was restarted at ${restartedAt} and has not come up`;
  });
  if (waiting === 0)
    return decisions.map((decision, position) =>
      late.includes(position) ? { ...decision, message: names[late.indexOf(position)] ?? '' } : decision,
    );
  const message = `${names.join('; ')}: ${waiting} more ${waiting === 1 ? 'app is' : 'apps are'} not restarted before it has. Repair it, or take it out of spec.apps.`;
  return decisions.map((decision, position) =>
    late.includes(position) || decision.reason === APP_REASON.restartWaiting
      ? { ...decision, reason: APP_REASON.waveStopped, message }
      : decision,
  );
}

/** The patches that take the variables out of every app again, before the addon goes. */
export function unbindAll(world: World): Action[] {
  const secretName = childNames(world.addon.metadata.name).urlSecret;
  const known = new Map<string, Pick<AppStatus, 'kind' | 'name'>>();
  for (const app of [...appEntries(world), ...appsOf(world.addon)]) known.set(keyOf(app), app);
  return [...known.entries()].flatMap(([key, app]) => {
    const injected = isInjected(world, app);
    const patch = injected ? unbindPatch({ secretName }, world.apps.get(key)) : undefined;
    return patch === undefined ? [] : [patchOf(world, app, { patch }, 'take the injected variables out')];
  });
}

/** What an app depends on, as a hash: an app is restarted when it was last restarted for another one. */
function appRevision(world: World, facts: Facts, target: InForce, starts: number): string {
  const url = connectionUrl(world.addon, facts, world.settings.clusterDomain);
  const hash = hashOf({
    url,
    variables: variablesOf(world.addon),
    plan: target.plan.name,
    version: target.version.name,
    authority: target.tls === 'Required' ? (target.certificate?.trust ?? target.authority) : undefined,
    starts,
    claim: target.claim,
  });
  return numbered(hash, target);
}

/** Apps that were bound with injected variables and that the spec names no more, or names as `FromSecret` now. */
function removedApps(world: World): AppStatus[] {
  const named = new Set(appsOf(world.addon).map(keyOf));
  return appEntries(world).filter(
    (entry) => entry.injectedTemplate !== undefined && !named.has(keyOf(entry)),
  );
}

function isInjected(world: World, app: Pick<AppStatus, 'kind' | 'name'>): boolean {
  const same = (each: { kind: string; name: string }) => keyOf(each) === keyOf(app);
  const entry = appEntries(world).find(same);
  return (
    entry?.injectedTemplate !== undefined ||
    appsOf(world.addon).some((each) => same(each) && each.env === 'Inject')
  );
}

/** The app as it is: its patch was refused a moment ago, so nothing of it may be remembered as done. */
function refusedBy({ message }: Finding, entry: AppStatus | undefined): AppDecision {
  return { patch: undefined, restarts: false, entry, reason: APP_REASON.refused, message, current: false };
}

function patchOf(
  world: World,
  app: { kind: string; name: string },
  { patch, entry }: { patch: object | undefined; entry?: AppStatus | undefined },
  why: string,
): PatchAction {
  return {
    do: 'patch',
    kind: KINDS[app.kind as AppWish['kind']],
    key: { namespace: world.addon.metadata.namespace ?? '', name: app.name },
    type: 'strategic',
    body: patch ?? {},
    why,
    ...(entry === undefined ? {} : { entry }),
  };
}
