import { afterRepair } from '../../children/contested/repairs.ts';
import type { CreateAction, ReplaceAction } from '../../decision/action.ts';
import { targetOf } from '../../decision/findings.ts';
import type { Memory } from '../../world/memory.ts';
import type { ModelApi } from './model-api.ts';

/** What is remembered of a child that was written. */
export function repaired(
  memory: Memory,
  action: CreateAction | ReplaceAction,
  api: ModelApi,
  now: number,
): Memory {
  const { kind, object, repair } = action;
  const generation = api.get(kind.kind, object.metadata?.name ?? '')?.metadata.generation;
  return afterRepair(memory, { target: targetOf(action), repair }, generation, now);
}

/** What is remembered of a claim that may not ask for another size. */
export function growthRefused(memory: Memory, message: string, now: number): Memory {
  return { ...memory, growthRefused: { message, untilMs: now + 30 * 60_000 } };
}
