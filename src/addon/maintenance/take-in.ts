import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { newestPatch } from '../../maintenance/newest-patch.ts';
import { kindOf, type Pending } from '../../maintenance/pending.ts';
import { authorityOf } from '../tls/follow.ts';
import { agentOf } from '../backups/agent.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { deadlineOf } from './fleet.ts';
import { DEFAULT_MAINTENANCE } from '../../maintenance/settings.ts';
import { ANNOTATION } from '../world/names.ts';
import { isStartedFor } from '../access/in-force.ts';
import { renderedFor } from '../children/stateful-set.ts';
import type { World } from '../world/world.ts';

export interface TakenIn {
  readonly target: InForce;
  /** The pod is started anyway: it is made as this operator makes it. */
  readonly renewTemplate: boolean;
}

/**
 * What the addon is to run with: what its spec asks for and, when the database is stopped for a change of the spec or
 * maintenance of it has begun, also what the platform wants. All of it costs one stop.
 *
 * @param wish from resolveTarget: what the spec asks for, with the catalogue's entries as they were when chosen;
 *   undefined for a spec that cannot be followed, whose database gets what cannot wait and nothing else
 * @param patches whether a newer patch that nobody asked for comes along
 * @returns undefined when there is nothing to run with
 */
export function takeIn(
  world: World,
  facts: Pick<Facts, 'inForce'>,
  wish: InForce | undefined,
  now: Date,
  patches = true,
): TakenIn | undefined {
  const { addon, plan, trust } = world;
  const current = facts.inForce;
  if (current === undefined)
    return (
      wish && { target: { ...wish, ...authorityOf(wish, undefined, trust, true) }, renewTemplate: false }
    );
  const { maintainedAt, restartedAt } = current;
  const began = beganAt(addon, current);
  const restarted = began !== undefined && isListed(addon, 'certificate') ? began : restartedAt;
  const overdue = (deadlineOf(addon) ?? now) < now;
  if (wish === undefined) {
    return {
      target: overdue ? { ...current, ...marks(began ?? maintainedAt, restarted) } : current,
      renewTemplate: false,
    };
  }
  const starts = isStart(world);
  const halted = isHalted(world);
  // A deadline brings through a freeze, or the stop after failures, what cannot wait and nothing else.
  const alone = began !== undefined && overdue && halted;
  if (alone || (began === undefined && ((!starts && !isChange(world, current, wish)) || halted))) {
    const { external } = isStartedFor(current, wish) ? current : wish;
    const target = {
      ...wish,
      ...(external === undefined || wish.tls !== 'Required' ? {} : { external }),
      ...authorityOf(wish, current, trust, alone && isListed(addon, 'authority')),
      ...marks(began ?? maintainedAt, restarted),
    };
    return { target, renewTemplate: false };
  }
  const patch = patches ? newestPatch(addon.spec.version, wish.version.name, world.versions) : undefined;
  const version = world.versions.find(({ name }) => name === patch);
  return {
    target: {
      // What is stopped anyway is started for what is wanted now, and for nothing that was wanted earlier.
      ...wish,
      ...(plan === undefined ? {} : { plan: { name: wish.plan.name, spec: plan.spec } }),
      ...(version === undefined ? {} : { version: { name: version.name, image: version.image } }),
      ...agentOf(world, undefined),
      ...authorityOf(wish, current, trust, true),
      ...marks(began ?? maintainedAt, restarted),
    },
    renewTemplate: starts,
  };
}

/** A change of the spec does not take along what the platform holds back from everybody. */
function isHalted({ fleet, settings }: World): boolean {
  const { maxFailures, freeze } = settings.maintenance ?? DEFAULT_MAINTENANCE;
  return freeze || fleet.failures >= Math.max(maxFailures, 1);
}

/** When maintenance began whose wishes are not in force yet. */
function beganAt({ status }: Live<InfluxAddon>, current: InForce): string | undefined {
  const startedAt = status?.maintenance?.startedAt;
  return startedAt === current.maintainedAt ? undefined : startedAt;
}

/** The database is started after it was stopped by its spec. */
function isStart({ addon, children }: World): boolean {
  return children.statefulSet?.spec?.replicas === 0 && stateOf(addon) === 'Running';
}

/** The spec asks for something else than what is in force, so that the database will be stopped. */
function isChange({ addon, children }: World, current: InForce, wish: InForce): boolean {
  if (current.plan.name !== wish.plan.name || current.version.name !== wish.version.name) return true;
  if (current.tls !== wish.tls || current.certificate?.trust !== wish.certificate?.trust) return true;
  if (!isStartedFor(current, wish)) return true;
  if (current.agent?.image !== wish.agent?.image) return true;
  const rendered = children.statefulSet?.metadata.annotations?.[ANNOTATION.renderedFor];
  return rendered !== undefined && rendered !== renderedFor({ addon, target: current });
}

function isListed({ status }: Live<InfluxAddon>, kind: Pending['kind']): boolean {
  return status?.maintenance?.pending?.some(({ what }) => kindOf(what) === kind) ?? false;
}

function marks(maintainedAt: string | undefined, restartedAt: string | undefined) {
  return {
    ...(maintainedAt === undefined ? {} : { maintainedAt }),
    ...(restartedAt === undefined ? {} : { restartedAt }),
  };
}
