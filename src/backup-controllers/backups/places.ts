import type { TaskDecision } from '../decision/action.ts';
import { decideBackups } from './decide.ts';
import type { BackupsWorld } from '../world/world.ts';

/**
 * So many databases are backed up at once, whoever decides at the same moment: what one worker is about to write is in
 * no cache yet, and the next one would take the same place.
 */
export class Places {
  /** Keys of addons of which a backup is being begun. */
  readonly #taken = new Set<string>();

  decide(key: string, world: BackupsWorld, now: Date): TaskDecision {
    const others = [...this.#taken].filter((each) => each !== key).length;
    const decision = decideBackups({ ...world, busy: world.busy + others }, now);
    if (decision.actions.some(isBeginning)) this.#taken.add(key);
    return decision;
  }

  /** What was decided has been written, and is known to the caches. */
  release(key: string): void {
    this.#taken.delete(key);
  }
}

function isBeginning(action: TaskDecision['actions'][number]): boolean {
  if (action.do !== 'status') return false;
  const before = (action.live as { status?: { startedAt?: string } }).status?.startedAt;
  return before === undefined && (action.status as { startedAt?: string }).startedAt !== undefined;
}
