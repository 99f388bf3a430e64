import { describe, expect, it } from 'vitest';
import { countsBetween, type Tally } from './census.ts';

const tally = (policies: Record<string, Record<string, number>>): Tally =>
  new Map(Object.entries(policies).map(([name, counts]) => [name, new Map(Object.entries(counts))]));

describe('what is in a backup', () => {
  it('lies between the counts before and after, of what came meanwhile too', () => {
    const counts = countsBetween(
      tally({ week: { cpu: 10 } }),
      tally({ week: { cpu: 12, disk: 3 }, year: {} }),
    );
    expect(counts).toEqual({
      verified: 'Counts',
      policies: [
        {
          name: 'week',
          measurements: [
            { name: 'cpu', values: { atLeast: 10, atMost: 12 } },
            { name: 'disk', values: { atLeast: 0, atMost: 3 } },
          ],
        },
        { name: 'year', measurements: [] },
      ],
    });
  });

  it.each<[string, Tally]>([
    ['some points', tally({ week: { cpu: 9, disk: 3 } })],
    ['a measurement', tally({ week: { disk: 30 } })],
    ['a retention policy', tally({ year: { cpu: 10 } })],
  ])('is known by sizes only when %s went meanwhile, and why', (_, after) => {
    const why = 'points of week.cpu were removed while it was taken';
    expect(countsBetween(tally({ week: { cpu: 10 } }), after)).toEqual({ verified: 'Sizes', why });
  });
});
