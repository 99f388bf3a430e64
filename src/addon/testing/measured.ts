import type { EngineFigures } from '../../influx/state.ts';
import type { Measured } from '../world/memory.ts';
import { NOW } from './fixtures.ts';

const GiB = 2 ** 30;

/** What was learned of a database's size a moment ago. */
export function measuredOf(change: Partial<Measured> = {}): Measured {
  return {
    podUid: 'pod-uid',
    askedMs: NOW.getTime(),
    gapMs: 600_000,
    tookMs: 2,
    figures: undefined,
    figuresMs: undefined,
    silentSinceMs: undefined,
    volumeBytes: 20 * GiB,
    full: false,
    fullBytes: undefined,
    samples: [],
    ...change,
  };
}

export function figuresOf(change: Partial<EngineFigures> = {}): EngineFigures {
  return { series: 0, shards: 1, dataBytes: 0, heapBytes: 0, logErrors: 0, ...change };
}
