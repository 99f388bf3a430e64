import { appsOf, type BoundApp } from '../../api/addon-defaults.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Action, Announcement } from '../decision/action.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { activeFindings, findingOf } from '../decision/findings.ts';
import { keyOf } from '../world/names.ts';
import { EVENT_REASON, APP_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';
import type { Finding } from '../world/memory.ts';
import { appEntries, isAnnounced, isBound, pendingEntry } from './entries.ts';
import { decideApp, type AppDecision } from './binding.ts';
import { appPatch, ownersOf } from './patch.ts';
import { refusedRemovals } from './unbinding.ts';
import { wishOf } from './wish.ts';
import { withSecondRestart } from './frozen/again.ts';
import { contentOf, secretsRead } from './frozen/copies.ts';
import { formerKeyMessage, type FormerKeys } from './former-keys.ts';
import { appRevision } from './revision.ts';
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
  /** When one of them will be late, or variables that were lost are added again. */
  readonly lateInMs: number | undefined;
}

/** How long a rollout may take before status speaks of it, milliseconds. */
const SETTLING_MS = 10_000;

/** What is in force for apps, and for which of them. */
export interface Binding {
  readonly facts: Facts;
  readonly target: InForce;
  readonly starts: number;
  readonly formerKeys?: FormerKeys;
  /** The spec is not followed: what it has to say of apps that were not bound before, waits. */
  readonly isRefused?: boolean;
}

/** What the apps that the spec names need: variables in, variables out, restarts that are due. */
export function decideApps(
  world: World,
  { facts, target, starts, formerKeys, isRefused = false }: Binding,
  now: Date,
): AppsOutcome {
  const { addon } = world;
  const revision = appRevision(world, facts, target, starts);
  const entries = appEntries(world);
  const active = activeFindings(world, now.getTime());
  const actions: Action[] = [];
  const events: Announcement[] = [];
  let unannounced = false;
  const decided = appsOf(addon).map((app) => {
    const entry = entries.find((each) => keyOf(each) === keyOf(app));
    const workload = world.apps.get(keyOf(app));
    const copied = entry?.frozen && secretsRead(world.children, workload, app.env === 'Inject');
    const wish = { ...wishOf(world, app, formerKeys?.since), content: copied && contentOf(copied) };
    const first = decideApp(wish, workload, entry, revision, now, addon.status?.dataPlane?.apps);
    const decision =
      isRefused && !isBound(app, entry)
        ? withSpec(app, entry)
        : withSecondRestart(first, wish, workload, revision, now);
    const action = appPatch(world, app, decision, 'restart with what it depends on');
    const finding = decision.patch === undefined ? undefined : findingOf(action, active);
    return {
      app,
      workload,
      action: decision.removes && wish.kept === undefined ? ownersOf(world, app) : action,
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
    if (action.do !== 'patch') return decision;
    events.push({
      type: 'Normal',
      reason: EVENT_REASON.appRestarted,
      note: `${app.kind} ${app.name} is restarted ${decision.again ? AGAIN : 'with the connection of this addon'}.`,
    });
    return decision;
  });
  for (const { entry, finding } of refusedRemovals(world, active)) decisions.push(refusedBy(finding, entry));
  const rolling = decisions.some((decision) => decision.reason === APP_REASON.rollingOut);
  const waiting = decisions.filter((decision) => decision.reason === APP_REASON.restartWaiting).length;
  const patched = world.memory.appsPatchedMs;
  const left = patched === undefined ? 0 : SETTLING_MS - (now.getTime() - patched);
  return {
    actions,
    events,
    decisions: withFormerKeys(world, withLate(decisions, wave.late, waiting), formerKeys),
    revision,
    settlingMs: rolling && left > 0 && !unannounced && waiting === 0 ? left : undefined,
    restarting: wave.late.length === 0 && (waiting > 0 || wave.coming.length > 0),
    lateInMs: soonest([
      ...(wave.lateAtMs === undefined ? [] : [wave.lateAtMs - now.getTime()]),
      ...decisions.flatMap(({ againMs }) => againMs ?? []),
    ]),
  };
}

const AGAIN =
  'once more, since a Secret that it reads had been made immutable: kubelets may have given its pods what that held before';

const COPIES =
  ', maybe since a Secret that it reads had been made immutable: the kubelet of a node hands out what that held before, as long as there is any pod on it that refers to the Secret';

/** The app as it is, until the spec that names it is followed. */
function withSpec(app: BoundApp, entry: AppStatus | undefined): AppDecision {
  return {
    patch: undefined,
    restarts: false,
    entry: entry ?? (app.env === 'Inject' ? pendingEntry(app) : undefined),
    reason: APP_REASON.specRefused,
    message: `${app.kind} ${app.name} waits for a spec that can be followed`,
    current: false,
  };
}

/** Says which apps name a key by its name of before. They run with what they depend on: the key has the URL in force. */
function withFormerKeys(
  world: World,
  decisions: readonly AppDecision[],
  formerKeys: FormerKeys | undefined,
): readonly AppDecision[] {
  if (formerKeys === undefined || formerKeys.named.size === 0) return decisions;
  const apps = appsOf(world.addon);
  return decisions.map((decision, position) => {
    const app = apps[position] ?? decision.entry;
    const said = app && formerKeyMessage(world, formerKeys, app);
    if (said === undefined) return decision;
    const { message, reason } = decision;
    if (message !== '') return { ...decision, message: `${message}; ${said}` };
    return {
      ...decision,
      message: said,
      reason: reason === APP_REASON.current ? APP_REASON.formerKey : reason,
    };
  });
}

function soonest(all: readonly number[]): number | undefined {
  return all.length === 0 ? undefined : Math.min(...all);
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
    again: decision.again,
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
    const { kind, name, restartedAt, againAfter } = decisions[position]?.entry ?? {};
    return `${kind} ${name} was restarted at ${restartedAt} and has not come up${againAfter === undefined ? '' : COPIES}`;
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

/** The app as it is: its patch was refused a moment ago, so nothing of it may be remembered as done. */
export function refusedBy({ message }: Finding, entry: AppStatus | undefined): AppDecision {
  return { patch: undefined, restarts: false, entry, reason: APP_REASON.refused, message, current: false };
}
