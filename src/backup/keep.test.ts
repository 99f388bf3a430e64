import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideKeeping, GRACE_DAYS, type Held, KEPT, type PlanClass } from './keep.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2030, 0, 1, 0, 30);

function scheduled(day: number, planClass: PlanClass = 'Starter'): Held {
  return { name: `day-${day}`, kind: 'Scheduled', takenAt: new Date(START + day * DAY_MS), planClass };
}

/** What is left after so many days with a backup each (but for those missed), each day pruned by the rule. */
function simulate(days: number, planClass: PlanClass, missed: (day: number) => boolean = () => false) {
  let held: Held[] = [];
  const everyDay: { day: number; held: readonly Held[] }[] = [];
  for (let day = 0; day < days; day += 1) {
    if (!missed(day)) held = [...held, scheduled(day, planClass)];
    held = pruned(held, planClass, new Date(START + day * DAY_MS + 3_600_000));
    everyDay.push({ day, held });
  }
  return everyDay;
}

function pruned(held: readonly Held[], planClass: PlanClass | undefined, now: Date): Held[] {
  const decided = decideKeeping(held, planClass, now);
  return held.flatMap((backup) => {
    const keeping = decided.get(backup.name);
    if (keeping === undefined) throw new Error(`nothing was decided about ${backup.name}`);
    return keeping.keep ? [{ ...backup, expiresAt: keeping.expiresAt }] : [];
  });
}

/** The days that the product promises, found by walking back over the calendar. */
function promised(today: number, planClass: PlanClass): Set<string> {
  const rule = KEPT[planClass];
  const names = new Set<string>();
  let [sundays, firstSundays] = [0, 0];
  for (let day = today; day >= 0; day -= 1) {
    const at = new Date(START + day * DAY_MS);
    if (today - day < rule.daily) names.add(`day-${day}`);
    if (at.getUTCDay() !== 0) continue;
    sundays += 1;
    if (sundays <= rule.weekly) names.add(`day-${day}`);
    if (at.getUTCDate() > 7) continue;
    firstSundays += 1;
    if (firstSundays <= rule.monthly) names.add(`day-${day}`);
  }
  return names;
}

describe('with a backup each day, on each of 1,000 days', () => {
  it.each(['Starter', 'Business'] as const)('a %s plan keeps what is promised, and no more', (planClass) => {
    for (const { day, held } of simulate(1000, planClass)) {
      // The very first days stand for a week whose Sunday was before them.
      if (day < 400) continue;
      const names = new Set(held.map(({ name }) => name));
      expect([...names].toSorted(), `day ${day}`).toEqual([...promised(day, planClass)].toSorted());
    }
  });
});

describe('whatever was missed', () => {
  it('the newest is never deleted, nor more days, weeks and months kept than promised', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Starter' as const, 'Business' as const),
        fc.array(fc.boolean(), { minLength: 150, maxLength: 400 }),
        (planClass, missing) => {
          let newest: string | undefined;
          for (const { day, held } of simulate(missing.length, planClass, (each) => missing[each] === true)) {
            if (missing[day] === false) newest = `day-${day}`;
            const names = held.map(({ name }) => name);
            if (newest !== undefined) expect(names).toContain(newest);
            const { daily, weekly, monthly } = KEPT[planClass];
            expect(held.length).toBeLessThanOrEqual(daily + weekly + monthly + 1);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('none is deleted while none is taken', () => {
    const held = simulate(200, 'Business').at(-1)?.held ?? [];
    expect(pruned(held, 'Business', new Date(START + 900 * DAY_MS))).toHaveLength(held.length);
  });

  it('of any list at any time, the newest stays', () => {
    const kind = fc.constantFrom(
      'Manual' as const,
      'Scheduled' as const,
      'BeforeUpgrade' as const,
      'Final' as const,
    );
    const planClass = fc.constantFrom('Starter' as const, 'Business' as const);
    const backup = fc.record({ kind, planClass, day: fc.integer({ min: 0, max: 1000 }) });
    fc.assert(
      fc.property(
        fc.array(backup, { minLength: 1, maxLength: 40 }),
        fc.option(planClass, { nil: undefined }),
        fc.integer({ min: 1000, max: 5000 }),
        (list, current, today) => {
          const held = list.map((each, n) => ({
            ...each,
            name: `b-${String(n).padStart(3, '0')}`,
            takenAt: new Date(START + each.day * DAY_MS),
          }));
          const newest = Math.max(...list.map(({ day }) => day));
          const kept = pruned(held, current, new Date(START + today * DAY_MS));
          expect(kept.some(({ takenAt }) => takenAt.getTime() === START + newest * DAY_MS)).toBe(true);
        },
      ),
    );
  });
});

describe('a plan of a smaller class', () => {
  const held = simulate(500, 'Business').at(-1)?.held ?? [];
  const at = (day: number) => new Date(START + 499 * DAY_MS + day * DAY_MS + 7_200_000);

  it('announces what will be deleted, and deletes it only after a grace', () => {
    const announced = decideKeeping(held, 'Starter', at(0));
    const leaving = [...announced].filter(([, keeping]) => keeping.expiresAt !== undefined);
    expect(leaving.length).toBeGreaterThan(10);
    expect([...announced.values()].every(({ keep }) => keep)).toBe(true);
    const told = pruned(held, 'Starter', at(0));
    expect(pruned(told, 'Starter', at(GRACE_DAYS - 0.1))).toHaveLength(held.length);
    expect(pruned(told, 'Starter', at(GRACE_DAYS))).toHaveLength(held.length - leaving.length);
  });

  it('announces nothing when it is taken back in time', () => {
    const told = pruned(held, 'Starter', at(0));
    const back = decideKeeping(told, 'Business', at(1));
    expect([...back.values()].every(({ keep, expiresAt }) => keep && expiresAt === undefined)).toBe(true);
  });
});

describe('a rolling quota', () => {
  const byHand = (count: number, planClass: PlanClass): Held[] =>
    Array.from({ length: count }, (_, day) => ({
      ...scheduled(day, planClass),
      name: `manual-${day}`,
      kind: 'Manual',
    }));
  const now = new Date(START + 100 * DAY_MS);
  const gone = (held: readonly Held[], planClass: PlanClass, rolling = true) =>
    [...decideKeeping(held, planClass, now, rolling)].filter(([, { keep }]) => !keep).map(([name]) => name);

  it.each(['Starter', 'Business'] as const)('lets the oldest by hand go, and only beyond it (%s)', (own) => {
    const { manual } = KEPT[own];
    expect(gone(byHand(manual, own), own)).toEqual([]);
    expect(gone(byHand(manual + 2, own), own)).toEqual(['manual-0', 'manual-1']);
    expect(gone(byHand(manual + 2, own), own, false)).toEqual([]);
  });

  it('announces what a smaller class keeps no longer', () => {
    const held = byHand(12, 'Business');
    expect(gone(held, 'Starter')).toEqual([]);
    const leaving = [...decideKeeping(held, 'Starter', now, true)].filter(([, each]) => each.expiresAt);
    expect(leaving.map(([name]) => name)).toEqual(['manual-0', 'manual-1']);
  });

  it('counts no others', () => {
    const held = [...byHand(10, 'Starter'), scheduled(50), scheduled(51)];
    expect(gone(held, 'Starter')).toEqual([]);
  });

  it.each([
    ['Starter', 'Starter', 10],
    ['Starter', 'Starter', 9],
    ['Business', 'Business', 50],
    ['Business', 'Starter', 10],
  ] as const)(
    'lets none go that was the last before a deletion (%s, now %s, %i by hand)',
    (own, current, count) => {
      const final: Held = { ...scheduled(0, own), name: 'final', kind: 'Final' };
      const keeping = decideKeeping([final, ...byHand(count, own)], current, now, true);
      expect(keeping.get('final')).toEqual({ keep: true });
    },
  );
});

describe('after the addon', () => {
  const manual = (day: number, planClass: PlanClass): Held => ({
    ...scheduled(day, planClass),
    name: `manual-${day}`,
    kind: 'Manual',
  });

  it('scheduled backups go on expiring, but for the newest', () => {
    const held = simulate(100, 'Business').at(-1)?.held ?? [];
    expect(pruned(held, undefined, new Date(START + 1000 * DAY_MS)).map(({ name }) => name)).toEqual([
      'day-99',
    ]);
  });

  it.each([
    ['Starter', 31],
    ['Business', 366],
  ] as const)('manual ones of a %s plan go %i days after it', (planClass, days) => {
    const gone = START + 500 * DAY_MS;
    const held = [manual(3, planClass), manual(400, planClass), scheduled(499, planClass)];
    expect(pruned(held, planClass, new Date(gone))).toHaveLength(3);
    const told = pruned(held, undefined, new Date(gone));
    expect(told).toHaveLength(3);
    expect(pruned(told, undefined, new Date(gone + (days - 1) * DAY_MS))).toHaveLength(3);
    expect(pruned(told, undefined, new Date(gone + days * DAY_MS)).map(({ name }) => name)).toEqual([
      'day-499',
    ]);
  });

  it('manual ones stay when the addon is there again in time', () => {
    const gone = new Date(START + 500 * DAY_MS);
    const told = pruned([manual(3, 'Starter'), scheduled(499)], undefined, gone);
    expect(pruned(told, 'Starter', new Date(gone.getTime() + 300 * DAY_MS))).toHaveLength(2);
  });
});

it('a backup before an upgrade is kept for a month', () => {
  const before: Held = { ...scheduled(3), name: 'before', kind: 'BeforeUpgrade' };
  const at = (day: number) =>
    pruned([before, scheduled(100)], 'Starter', new Date(START + day * DAY_MS)).length;
  expect([at(33), at(34)]).toEqual([2, 1]);
});
