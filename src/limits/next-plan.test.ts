import { expect, it } from 'vitest';
import { nextPlan, type PlanOffer } from './next-plan.ts';

function offer(name: string, memoryBytes: number, change: Partial<PlanOffer> = {}): PlanOffer {
  return {
    name,
    class: 'Starter',
    memoryBytes,
    storageBytes: memoryBytes * 20,
    memory: `${memoryBytes}Gi`,
    storage: `${memoryBytes * 20}Gi`,
    series: memoryBytes * 100,
    available: true,
    ...change,
  };
}

const catalogue = [
  offer('4g', 4),
  offer('2g-business', 2, { class: 'Business' }),
  offer('2g', 2),
  offer('1g', 1),
  offer('3g', 3, { available: false }),
  offer('64g-business', 64, { class: 'Business' }),
];

it.each<[string, string, number, string | undefined]>([
  ['1g', 'Starter', 1, '2g'],
  ['2g', 'Starter', 2, '4g'],
  ['2g-business', 'Business', 2, '64g-business'],
  ['4g', 'Starter', 4, '64g-business'],
  ['64g-business', 'Business', 64, undefined],
  ['gone', 'Withdrawn', 1, '2g'],
])('after %s of class %s comes a plan with more than %d: %s', (name, planClass, memory, next) => {
  expect(nextPlan(catalogue, { name, class: planClass }, (each) => each.memoryBytes > memory)?.name).toBe(
    next,
  );
});

it('is never the plan itself', () => {
  expect(nextPlan([offer('1g', 1)], { name: '1g', class: 'Starter' }, () => true)).toBeUndefined();
});
