import { written } from '../../children/contested/repairs.ts';
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
  const target = targetOf(action);
  if (repair === undefined || target === undefined) return memory;
  const generation = api.get(kind.kind, object.metadata?.name ?? '')?.metadata.generation;
  const repairs = new Map(memory.repairs);
  repairs.set(target, written(repairs.get(target), repair, generation, now));
  return { ...memory, repairs };
}
