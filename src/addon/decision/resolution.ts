import type { InForce } from '../world/facts.ts';
import { type ReadyReason, type StalledReason } from '../../api/reasons.ts';

/** A spec that cannot be followed: the database stays as it is until a user edits something. */
export interface Refusal {
  readonly reason: StalledReason;
  readonly message: string;
  /** It comes by itself and nobody has to act: what Ready says meanwhile. */
  readonly waiting?: ReadyReason;
  /** The pod that it would be ended for is not taken. */
  readonly byDryRun?: true;
}

export type Resolution =
  | { readonly target: InForce; readonly refusal: undefined }
  | { readonly target: undefined; readonly refusal: Refusal };
