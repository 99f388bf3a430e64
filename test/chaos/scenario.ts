import type { Stage } from './lab/stage.ts';

/** What a scenario's user asks for, and which nobody may do otherwise. */
export interface Allowance {
  /** Volume claims that are deleted. Default 0. */
  readonly volumes?: number;
  /** Further passwords that are published after the first of an addon. Default 0. */
  readonly passwords?: number;
}

/**
 * A short script over the public API. `setup` is played undisturbed, `act` is what crashes, stale views and refusals
 * strike. Whatever strikes: it has to end as it does without.
 */
export interface Scenario {
  /** Part of a seed: letters, digits and dashes. */
  readonly name: string;
  /** What the user does, as a sentence. */
  readonly about: string;
  /** Real: InfluxDB processes. Fake: the fake of test/cluster/fakes, which answers as the real one is shown to. */
  readonly engine: 'Real' | 'Fake';
  readonly allows?: Allowance;
  /** The run has an authority of its own, in a namespace of its own for the operator. */
  readonly ownAuthority?: boolean;
  setup?(stage: Stage): Promise<void>;
  act(stage: Stage): Promise<void>;
  /** When it is over; default: every addon is as asked for, and says so. */
  done?(stage: Stage): boolean;
}
