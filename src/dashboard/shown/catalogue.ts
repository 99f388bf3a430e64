import { lifecycleOf } from '../../api/catalogue-defaults.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import { unitsOf } from '../../kube/objects/quantity.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { PlanLine } from '../wire.ts';

/** Smallest first. Pure. */
export function planLines(plans: readonly Live<InfluxPlan>[]): PlanLine[] {
  return plans
    .toSorted(
      (a, b) =>
        unitsOf(a.spec.memory) - unitsOf(b.spec.memory) || a.metadata.name.localeCompare(b.metadata.name),
    )
    .map((plan) => ({
      name: plan.metadata.name,
      class: plan.spec.class,
      memory: plan.spec.memory,
      cpu: plan.spec.cpu.limit,
      storage: plan.spec.storage.size,
      lifecycle: lifecycleOf(plan),
    }));
}
