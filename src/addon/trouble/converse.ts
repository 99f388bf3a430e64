import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Lanes } from '../../kube/control/lanes.ts';
import type { Live } from '../../kube/objects/types.ts';
import { isSilence } from '../database/state.ts';
import type { Action } from '../decision/action.ts';
import { isOfEngine } from '../decision/of-engine.ts';
import type { Memories } from '../observe/memories.ts';
import type { Memory } from '../world/memory.ts';

export interface Conversations {
  /** Places for those that speak to a database, shared by all. */
  readonly lanes: Lanes;
  readonly memories: Memories;
  readonly clock: Clock;
}

/** A database that is well answers sooner. */
const PROMPT_MS = 250;
/** A place that does not come within this is waited for anew, after a new look. */
const TURN_MS = 40_000;

/**
 * Does what speaks to a database while it has a place for that. A worker waits for it no longer than for one that is
 * well: databases that hang, however many, cost the others nothing. Undefined when there was no place for it.
 */
export async function converse<T>(
  { lanes, memories, clock }: Conversations,
  { metadata }: Live<InfluxAddon>,
  action: Action,
  { signal, release }: { readonly signal: AbortSignal; readonly release: () => void },
  run: () => Promise<T>,
): Promise<T | undefined> {
  if (!isOfEngine(action)) return await run();
  const { namespace = '', uid } = metadata;
  const slow = isSilent(memories.get(uid));
  let leave = slow ? undefined : lanes.tryEnter(namespace, slow);
  if (leave === undefined) {
    release();
    leave = await turn(lanes, clock, { group: namespace, slow, signal });
    if (leave === undefined) return undefined;
  }
  const timer = clock.after(PROMPT_MS, release);
  try {
    return await run();
  } finally {
    timer.cancel();
    leave();
  }
}

async function turn(
  lanes: Lanes,
  clock: Clock,
  { group, slow, signal }: { readonly group: string; readonly slow: boolean; readonly signal: AbortSignal },
): Promise<(() => void) | undefined> {
  const late = new AbortController();
  const timer = clock.after(TURN_MS, () => late.abort());
  try {
    return await lanes.enter(group, slow, AbortSignal.any([signal, late.signal]));
  } catch (reason) {
    signal.throwIfAborted();
    if (late.signal.aborted) return undefined;
    throw reason;
  } finally {
    timer.cancel();
  }
}

/** It did not answer when it was asked last. */
export function isSilent({ database, measured }: Memory): boolean {
  if (measured?.silentSinceMs !== undefined) return true;
  if (database === undefined) return false;
  return database.answer.ok ? database.probe?.silent === true : isSilence(database.answer);
}
