import { isBeingDrilled } from '../../addon/observe/stores.ts';
import type { TaskDecision } from '../decision/action.ts';
import type { Backup } from '../decision/phase.ts';
import { decideBackups } from './decide.ts';
import type { BackupsWorld } from '../world/world.ts';

/**
 * So many databases are backed up at once, and as many are drilled, whoever decides at the same moment: what one worker is about to write is in
 * no cache yet, and the next one would take the same place.
 */
export class Places {
  /** Keys of addons of which a backup is being begun. */
  readonly #taken = new Set<string>();
  /** Keys of addons of which a drill is being begun. */
  readonly #drilled = new Set<string>();

  decide(key: string, world: BackupsWorld, now: Date): TaskDecision {
    const busy = world.busy + beside(this.#taken, key);
    const drilling = world.drilling + beside(this.#drilled, key);
    const decision = decideBackups({ ...world, busy, drilling }, now);
    if (decision.actions.some(isBeginning)) this.#taken.add(key);
    if (decision.actions.some(isDrillBeginning)) this.#drilled.add(key);
    return decision;
  }

  /** What was decided has been written, and is known to the caches. */
  release(key: string): void {
    this.#taken.delete(key);
    this.#drilled.delete(key);
  }
}

function beside(keys: ReadonlySet<string>, key: string): number {
  return keys.size - (keys.has(key) ? 1 : 0);
}

function isDrillBeginning(action: TaskDecision['actions'][number]): boolean {
  if (action.do !== 'status') return false;
  const before = action.live as Backup;
  return !isBeingDrilled(before) && isBeingDrilled({ ...before, status: action.status });
}

function isBeginning(action: TaskDecision['actions'][number]): boolean {
  if (action.do !== 'status') return false;
  const before = (action.live as { status?: { startedAt?: string } }).status?.startedAt;
  return before === undefined && (action.status as { startedAt?: string }).startedAt !== undefined;
}
