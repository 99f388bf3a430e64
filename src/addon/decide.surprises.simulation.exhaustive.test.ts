import fc from 'fast-check';
import { describe, it } from 'vitest';
import { assertSurprises, msFor } from './testing/life/surprised.ts';

const FILE = 'src/addon/decide.surprises.simulation.exhaustive.test.ts';
const STORIES = 5_000;

describe('whatever the API server, its controllers, volumes and owners of apps surprise an addon with', () => {
  it(
    'no rule is broken in other stories either, and they end with what was asked for',
    async () => assertSurprises(STORIES, FILE, (fc.readConfigureGlobal().seed ?? 0) + 1),
    msFor(STORIES),
  );
});
