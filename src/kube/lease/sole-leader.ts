import type { LeaderElection } from './leader-election.ts';

/** What stands for election: a Lease that is needed, or one that is wished for. */
export type Election = Pick<LeaderElection, 'isLeader' | 'run'>;

/**
 * Leads while holding two Leases: `own`, which the replicas of one installation share, and in it `lock`, which all
 * installations for the same namespaces share. Everybody takes them in this order, so that nobody waits for each other;
 * they are given back in the reverse one, when all work has ended.
 */
export class SoleLeader {
  readonly #own: Election;
  readonly #lock: Election;

  constructor(own: Election, lock: Election) {
    this.#own = own;
    this.#lock = lock;
  }

  /** Asked before every write. */
  get isLeader(): boolean {
    return this.#own.isLeader && this.#lock.isLeader;
  }

  /**
   * Waits to lead; resolves when `onLeading` ended after the signal was aborted, or by itself. Rejects with LeadershipLost
   * once either Lease was lost, also while the second was waited for.
   */
  async run(
    signal: AbortSignal,
    onLeading: (signal: AbortSignal, lost: AbortSignal) => Promise<void>,
  ): Promise<void> {
    await this.#own.run(signal, async (whileOwn, ownLost) => {
      await this.#lock.run(whileOwn, async (whileBoth, lockLost) => {
        const lost = AbortSignal.any([ownLost, lockLost]);
        await onLeading(whileBoth, lost);
        lost.throwIfAborted();
      });
      ownLost.throwIfAborted();
    });
  }
}
