import type { Settings } from '../../../src/addon/world/settings.ts';
import { type Blow, Fuse } from '../fuse.ts';
import type { OperatorBed } from '../operator-bed.ts';
import { allowAtHome } from '../rights.ts';

/** Where one round of a sweep takes place: a namespace of its own, with an operator that sees nothing else. */
export interface Scene {
  readonly bed: OperatorBed;
  readonly namespace: string;
}

/** One thing that the operator does in many writes, at each of which it may die. */
export interface Sweep {
  readonly name: string;
  /** Of every operator of it. */
  readonly settings?: Partial<Settings>;
  /** Where its operators keep what is theirs. `Scene`: beside the addon, for what would touch the other rounds. */
  readonly home?: 'Common' | 'Scene';
  /** A round takes long, or shows much that others show too: `make test` has two in which it dies. */
  readonly few?: boolean;
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
  /** What others do while no operator runs; resolves to the wait for what has to come of it. */
  readonly meanwhile?: () => Promise<() => Promise<unknown>>;
  /** The end that every round comes to, wherever the operator died. */
  readonly check: () => Promise<void>;
  /** Ends what was started beside operators, however the round ended. */
  readonly close?: () => Promise<void>;
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
  const home = sweep.home === 'Scene' ? { operatorNamespace: namespace } : {};
  const only = { only: namespace, settings: { ...sweep.settings, ...home } };
  if (sweep.home === 'Scene') await allowAtHome(bed.client, namespace);
  const fuse = new Fuse(after, blow, namespace);
  let story: Story | undefined;
  try {
    const before = await bed.startOperator(only);
    story = await sweep.prepare({ bed, namespace });
    await before.stop();
    const doomed = await bed.startOperator({ ...only, wrap: fuse.wrap, wrapInflux: fuse.wrapInflux });
    await story.act();
    const done = story.done();
    // Others may see to it that it never comes to this.
    done.catch(() => undefined);
    const crashed = await Promise.race([fuse.blown.then(() => true), done.then(() => false)]);
    await doomed.kill();
    const rest = (await story.meanwhile?.()) ?? (crashed ? () => done : undefined);
    if (rest !== undefined) {
      const next = await bed.startOperator(only);
      await rest();
      await next.stop();
    }
    await story.check();
    return { writes: fuse.writes, crashed };
  } catch (error) {
    const point =
      after === Infinity ? 'nobody died' : `dead at write ${after}, ${blow}: ${fuse.writes.at(-1)}`;
    throw new Error(`${namespace}: ${point}: ${String(error)}`, { cause: error });
  } finally {
    await story?.close?.();
  }
}

/**
 * Two of the writes 1 to `count`, others for each way of dying; the last is one of them.
 *
 * @param few one for each way of dying, of what takes long
 */
export function sampleOf(count: number, blow: Blow, few = false): number[] {
  const [first, ...more] = blow === 'Applied' ? [1 / 2, 1] : [3 / 4, 1 / 4];
  const shares = few ? [first] : [first, ...more];
  const points = shares.map((share) => Math.max(1, Math.round(count * share)));
  return [...new Set(points)].toSorted((one, other) => one - other);
}

export function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
