import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lease } from '../kube/objects/kinds.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { OWN_LEASE } from './leadership.ts';
import { type Candidate, candidate, clientOf, LOCK } from './testing/candidate.ts';

const FAULTS = ['fine', 'lost', 'answer-lost', 'hang', 'stall'] as const;
test.each([
  { whatever: 'killed', homes: ['one', 'one', 'two'], more: ['restart'] as const },
  // A process that began after somebody deleted a Lease cannot know of whoever had it.
  { whatever: 'deleted', homes: ['one', 'two'], more: ['delete-own', 'delete-lock'] as const },
])(
  'whatever is lost, stalled or $whatever: never two lead',
  async ({ homes, more }) => {
    const step = fc.record({
      who: fc.nat(homes.length - 1),
      what: fc.constantFrom(...FAULTS, ...more),
      ms: fc.integer({ min: 100, max: 12_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const api = new FakeApi();
        const begin = (home: string, who: number): Candidate =>
          candidate(
            api,
            home,
            `pod-${who}`,
            clocks[who] as VirtualClock,
            LOCK.namespace,
            () => undefined,
            true,
          );
        const clocks = homes.map(() => new VirtualClock());
        const all = homes.map((home, index) => begin(home, index));
        const dead: Candidate[] = [];
        // Until each has seen who leads.
        await together(clocks, 3_000, all);
        for (const { who, what, ms } of steps) {
          const one = all[who] as Candidate;
          const its = clocks[who] as VirtualClock;
          if (what === 'restart') {
            one.fault = () => ({ what: 'lost' });
            one.stop();
            dead.push(one);
            all[who] = begin(homes[who] as string, who);
          } else if (what === 'delete-own' || what === 'delete-lock') {
            // Nobody can know of a Lease that was taken and deleted between two looks.
            await together(clocks, 3_000, all);
            const own = { namespace: homes[who] as string, name: OWN_LEASE };
            await clientOf(new FakeTransport(api))
              .delete(Lease, what === 'delete-own' ? own : LOCK)
              .catch(() => {});
          } else if (what === 'stall') {
            await together(
              clocks.filter((each) => each !== its),
              ms,
              all.filter((each) => each !== one),
            );
            await its.stall(ms);
          } else one.fault = () => (what === 'fine' ? undefined : { what });
          await together(clocks, ms, all);
        }
        for (const one of all) one.fault = () => undefined;
        await together(clocks, 60_000, all);
        expect(all.filter(({ leader }) => leader.isLeader)).toHaveLength(1);
        for (const one of [...all, ...dead]) one.stop();
        for (const each of clocks) await each.advance(20_000);
      }),
      { numRuns: 30 },
    );
  },
  120_000,
);

/** Lets time pass for all clocks alike, and looks at every moment. */
async function together(clocks: VirtualClock[], ms: number, all: Candidate[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const each of clocks) {
      await each.advance(Math.min(500, ms - passed));
      expect(all.filter(({ leader }) => leader.isLeader).length).toBeLessThanOrEqual(1);
    }
  }
}
