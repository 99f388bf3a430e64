import type { Transport } from '../../../src/kube/api/transport.ts';
import type { RunControl } from '../lab/run.ts';
import type { Write } from '../lab/write.ts';

/** A write in the act phase: `nth` of its kind, from 1, over all instances. */
export interface NumberedWrite extends Write {
  readonly nth: number;
}

/** `PATCH statefulsets/my-app-influx#2`: the same in every run of a scenario. */
export function keyOf({ what, nth }: NumberedWrite): string {
  return `${what}#${nth}`;
}

/** What becomes of a write. */
export interface Strike {
  /** Whether it reaches the server. */
  readonly sent: boolean;
  /** What the operator hears: the connection breaks, or an HTTP status that the server never gave. */
  readonly answer: 'Lost' | number;
  /** Whether the operator dies with it. */
  readonly crash: boolean;
}

/** What is done to one run. Every hook is asked in the act phase only. */
export interface Perturbation {
  /** Makes the run again, together with the scenario's name. */
  readonly seed: string;
  /** Whether it has come to strike at all. */
  readonly struck: boolean;
  strike?(write: NumberedWrite, control: RunControl): Strike | undefined;
  /** What an instance sees: its lists and watches, over what the API server says. */
  view?(inner: Transport, control: RunControl): Transport;
  /** Once it is over for the first time; afterwards it has to become over again. */
  afterwards?(control: RunControl): Promise<void>;
}
