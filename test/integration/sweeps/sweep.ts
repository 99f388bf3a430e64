import { type Blow, Fuse } from '../fuse.ts';
import type { OperatorBed } from '../operator-bed.ts';

/** Where one round of a sweep takes place: a namespace of its own, with an operator that sees nothing else. */
export interface Scene {
  readonly bed: OperatorBed;
  readonly namespace: string;
}

/** One thing that the operator does in many writes, at each of which it may die. */
export interface Sweep {
  readonly name: string;
  /** Makes the world before, while an operator runs that is well. */
  readonly prepare: (scene: Scene) => Promise<Story>;
  /** What it writes when nobody dies, in its order: what must be among the points at which one may. */
  readonly writes?: (writes: readonly string[]) => void;
}

export interface Story {
  /** What sets off the writes. */
  readonly act: () => Promise<unknown>;
  /** Resolves when all is done, whoever did it. */
  readonly done: () => Promise<unknown>;
  /** The end that every round comes to, wherever the operator died. */
  readonly check: () => Promise<void>;
}

/**
 * One round: the operator dies at its n-th write to the namespace or its database, another goes on, and the end is
 * looked at.
 *
 * @param after which write; Infinity for a round in which it lives
 * @returns what the first one wrote, the last write included
 */
export async function play(
  bed: OperatorBed,
  sweep: Sweep,
  { after, blow }: { after: number; blow: Blow },
): Promise<{ writes: readonly string[]; crashed: boolean }> {
  const which = after === Infinity ? 'alive' : `${blow}-${after}`;
  const namespace = await bed.namespace(slug(`${sweep.name}-${which}`));
  const only = { only: namespace };
  const fuse = new Fuse(after, blow, namespace);
  try {
    const before = await bed.startOperator(only);
    const story = await sweep.prepare({ bed, namespace });
    await before.stop();
    const doomed = await bed.startOperator({ ...only, wrap: fuse.wrap, wrapInflux: fuse.wrapInflux });
    await story.act();
    const done = story.done();
    const crashed = await Promise.race([fuse.blown.then(() => true), done.then(() => false)]);
    await doomed.kill();
    if (crashed) {
      const next = await bed.startOperator(only);
      await done;
      await next.stop();
    }
    await story.check();
    return { writes: fuse.writes, crashed };
  } catch (error) {
    const point =
      after === Infinity ? 'nobody died' : `dead at write ${after}, ${blow}: ${fuse.writes.at(-1)}`;
    throw new Error(`${namespace}: ${point}: ${String(error)}`, { cause: error });
  }
}

/** A few of the writes 1 to `count`, others for each way of dying: the first half way, and always the last. */
export function sampleOf(count: number, blow: Blow): number[] {
  const shares = blow === 'Applied' ? [0, 1 / 2, 1] : [1 / 4, 3 / 4, 1];
  return [...new Set(shares.map((share) => Math.max(1, Math.round(count * share))))];
}

export function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
