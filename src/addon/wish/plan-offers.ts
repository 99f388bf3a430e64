import { lifecycleOf } from '../../api/catalogue-defaults.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import { unitsOf } from '../../kube/objects/quantity.ts';
import type { PlanOffer } from '../../limits/next-plan.ts';

/** Made once for each state of a plan: every look at an addon goes over the whole catalogue. */
const offers = new WeakMap<InfluxPlan, PlanOffer | 'Broken'>();

/** The plan in figures; undefined for one that was stored past the schema. */
export function offerOf(plan: InfluxPlan): PlanOffer | undefined {
  const known = offers.get(plan) ?? makeOffer(plan) ?? 'Broken';
  offers.set(plan, known);
  return known === 'Broken' ? undefined : known;
}

function makeOffer(plan: InfluxPlan): PlanOffer | undefined {
  try {
    const { memory, storage, limits } = plan.spec;
    return {
      name: plan.metadata?.name ?? '',
      class: plan.spec.class,
      memoryBytes: unitsOf(memory),
      memory,
      storageBytes: unitsOf(storage.size),
      storage: storage.size,
      series: limits.series,
      available: lifecycleOf(plan) === 'Available',
    };
  } catch {
    return undefined; // one broken plan is no reason to know nothing about all the others
  }
}
