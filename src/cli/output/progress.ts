import type { AddonCondition, InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';

/** How far an addon is on its way to what its spec asks for. */
export type Progress =
  | { readonly state: 'Working'; readonly line: string }
  | { readonly state: 'Done'; readonly line: string }
  /** Nothing more happens until a user acts. */
  | { readonly state: 'Stuck'; readonly line: string };

export function progressOf(addon: Live<InfluxAddon>): Progress {
  const ready = conditionOf(addon, 'Ready');
  const apps = conditionOf(addon, 'AppsCurrent');
  const seen = addon.status?.observedGeneration === addon.metadata.generation;
  if (!seen || ready === undefined) return { state: 'Working', line: 'waiting for the operator' };
  const stalled = conditionOf(addon, 'Stalled');
  if (stalled?.status === 'True') return { state: 'Stuck', line: `${stalled.reason}: ${stalled.message}` };
  if (ready.reason === 'Paused') return { state: 'Stuck', line: `Paused: ${ready.message}` };
  if (apps?.status === 'False' && apps.reason === 'WaveStopped')
    return { state: 'Stuck', line: `${apps.reason}: ${apps.message}` };
  const line = `${ready.reason}: ${ready.message}`;
  if (ready.status !== 'True') return { state: 'Working', line };
  if (ready.reason === 'RestartingApps') return { state: 'Working', line };
  return { state: 'Done', line };
}

export function conditionOf({ status }: InfluxAddon, type: string): AddonCondition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}
