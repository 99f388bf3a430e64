import type { InfluxAddon } from '../../src/api/influx-addon.ts';
import type { Live } from '../../src/kube/objects/types.ts';
import { condition, type OperatorBed } from './operator-bed.ts';

/** Waits until an addon says of its present spec that it cannot be followed, and why. */
export async function stalled(
  bed: OperatorBed,
  namespace: string,
  name: string,
  reason: string,
): Promise<Live<InfluxAddon>> {
  return await bed.until(namespace, name, `stalled (${reason})`, (addon) => {
    const found = condition(addon, 'Stalled');
    return (
      found?.status === 'True' &&
      found.reason === reason &&
      addon.status?.observedGeneration === addon.metadata.generation
    );
  });
}
