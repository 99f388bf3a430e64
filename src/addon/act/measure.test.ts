import { expect, it } from 'vitest';
import { smallestFull } from './measure.ts';

const MiB = 2 ** 20;

it.each<{
  what: string;
  podUid: string;
  before?: number;
  fullAt: number | undefined;
  is: number | undefined;
}>([
  { what: 'was never full', podUid: 'one', fullAt: undefined, is: undefined },
  { what: 'is full', podUid: 'one', fullAt: 128 * MiB, is: 128 * MiB },
  { what: 'was full and takes a probe', podUid: 'one', before: 128 * MiB, fullAt: undefined, is: 128 * MiB },
  {
    what: 'is still full after it has grown',
    podUid: 'one',
    before: 128 * MiB,
    fullAt: 256 * MiB,
    is: 128 * MiB,
  },
  {
    what: 'is another than the one that was full',
    podUid: 'two',
    before: 128 * MiB,
    fullAt: undefined,
    is: undefined,
  },
])('the size at which a pod could not write is kept while it runs: one that $what', (row) => {
  const before = { podUid: 'one', fullBytes: row.before };
  expect(smallestFull(before, row.podUid, row.fullAt)).toBe(row.is);
});
