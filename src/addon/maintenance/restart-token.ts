import { Annotation } from '../../api/annotations.ts';
import { stateOf } from '../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { isUnderWay } from '../backups/write-stop.ts';
import { isFirstSeen } from '../identity/token.ts';
import type { InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';

/*
 * A token of `influxaddon.dev/restart` is recorded with what is in force, before the pod is made with it: whatever
 * crashes, it is one other pod. What a stop takes along otherwise waits for its window: nobody asked for more.
 */

/**
 * What is to be in force, with the token that the database was last restarted for, or is to be now; not while the API
 * server would refuse the pod that comes after.
 */
export function withRestart(
  world: World,
  current: InForce | undefined,
  candidate: InForce | undefined,
  isRefused = false,
): InForce | undefined {
  if (candidate === undefined) return undefined;
  const { restartedFor: _, ...rest } = candidate;
  const token = (isRefused ? undefined : newRestart(world, current)) ?? current?.restartedFor;
  return token === undefined ? rest : { ...rest, restartedFor: token };
}

/** For `status.lastHandled`: the token that the database, which answers, was started for. */
export function restartHandled(addon: Live<InfluxAddon>, answering: InForce | undefined): string | undefined {
  const token = tokenOf(addon);
  const isHandled = token !== undefined && (isFirstSeen(addon) || answering?.restartedFor === token);
  return isHandled ? token : addon.status?.lastHandled?.restart;
}

/** The token that nothing was done for yet, when it may be done now: one for a database that is stopped waits for its start. */
function newRestart({ addon, restores }: World, current: InForce | undefined): string | undefined {
  const token = tokenOf(addon);
  if (token === undefined || isFirstSeen(addon)) return undefined;
  if (token === current?.restartedFor || token === addon.status?.lastHandled?.restart) return undefined;
  return stateOf(addon) === 'Stopped' || restores.some(isUnderWay) ? undefined : token;
}

/** As much of it as status remembers. */
function tokenOf({ metadata }: Live<InfluxAddon>): string | undefined {
  const token = metadata.annotations?.[Annotation.restart]?.slice(0, 253);
  return token === '' ? undefined : token;
}
