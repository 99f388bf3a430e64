import { describe, it } from 'vitest';
import { pick } from '../../test/size.ts';
import { assertSurprises, msFor } from './testing/life/surprised.ts';

const FILE = 'src/addon/decide.surprises.simulation.test.ts';

/** Of the 10,000 of `make test-all` the other half is in a file of its own, beside this one. `make chaos` plays more. */
const STORIES = Number(process.env['SIMULATIONS'] ?? pick(150, 5_000));

describe('whatever the API server, its controllers, volumes and owners of apps surprise an addon with', () => {
  it(
    'no rule is broken meanwhile, and it ends with what was asked for',
    async () => assertSurprises(STORIES, FILE),
    msFor(STORIES),
  );
});
