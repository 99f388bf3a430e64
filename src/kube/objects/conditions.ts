import type { Condition } from './types.ts';

/** What is known of one aspect now. `reason` is CamelCase; `message` is for people. */
export interface ConditionNow {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** The generation of the spec that this was found for. */
  observedGeneration: number;
}

/**
 * The conditions with one of them set. lastTransitionTime moves only with the status; the order stays, a new
 * condition comes last. The very same array when nothing changes.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: ConditionNow,
  now: number,
): readonly Condition[] {
  const index = conditions.findIndex(({ type }) => type === next.type);
  const present = conditions[index];
  const lastTransitionTime =
    present?.status === next.status
      ? present.lastTransitionTime
      : new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  const { type, status, reason, message, observedGeneration } = next;
  const condition: Condition = { type, status, reason, message, observedGeneration, lastTransitionTime };
  if (!present) return [...conditions, condition];
  const same =
    present.status === status &&
    present.reason === reason &&
    present.message === message &&
    present.observedGeneration === observedGeneration;
  return same ? conditions : conditions.with(index, condition);
}
