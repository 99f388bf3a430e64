import type { AddonCondition } from '../../api/influx-addon.ts';
import type { World } from '../world/world.ts';

/** What is true of one of an addon's limits. */
export interface LimitCondition {
  readonly type: 'CardinalityHigh' | 'StorageFilling' | 'MemoryExhausted';
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What status says of it now: what keeps a word from being taken back at once is kept nowhere else. */
export function toldOf({ addon }: World, type: LimitCondition['type']): AddonCondition | undefined {
  return addon.status?.conditions?.find((each) => each.type === type);
}

export function isTold(told: AddonCondition | undefined): told is AddonCondition {
  return told?.status === 'True';
}
