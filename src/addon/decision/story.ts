import type { Fresh } from '../world/fresh.ts';
import type { World } from '../world/world.ts';
import type { Outcome } from './outcome.ts';

/** What every step may look at. */
export interface Scene {
  readonly world: World;
  readonly now: Date;
  readonly fresh: Fresh;
}

/**
 * The steps of a decision, in their order, as far as none has ended it. A step gives an outcome when this is what comes
 * first, otherwise what those behind it may know, or nothing. What it needs from those before it is in the type of its
 * scene, so that a step cannot stand before what it asks for.
 */
export interface Story<S extends object> {
  step<Known extends object>(step: (scene: S) => Outcome | Known | undefined): Story<S & Known>;
  /** Whatever ends the story from here on passes this, too. */
  guarded(guard: (scene: S, outcome: Outcome) => Outcome): Story<S>;
  /** The last step, which always has something to say. */
  end(step: (scene: S) => Outcome): Outcome;
}

export function story<S extends object>(scene: S): Story<S> {
  return going(scene, (outcome) => outcome);
}

function going<S extends object>(scene: S, guards: (outcome: Outcome) => Outcome): Story<S> {
  return {
    step: <Known extends object>(step: (scene: S) => Outcome | Known | undefined): Story<S & Known> => {
      const said = step(scene);
      if (said !== undefined && isOutcome(said)) return ended(guards(said));
      return going({ ...scene, ...said } as S & Known, guards);
    },
    guarded: (guard) => going(scene, (outcome) => guards(guard(scene, outcome))),
    end: (step) => guards(step(scene)),
  };
}

function ended<S extends object>(outcome: Outcome): Story<S> {
  return { step: () => ended(outcome), guarded: () => ended(outcome), end: () => outcome };
}

function isOutcome(said: object): said is Outcome {
  return 'ends' in said;
}
