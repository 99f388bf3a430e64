import { type Refusal } from '../addon/decision/resolution.ts';

export interface Verdict {
  /** Why the addon may not be stored; undefined when it may. */
  readonly refusal: Refusal | undefined;
  /** Shown to whoever made the request, whether or not it is refused. */
  readonly warnings: readonly string[];
}
