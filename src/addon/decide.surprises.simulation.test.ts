import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../test/size.ts';
import {
  expectBoundApp,
  expectContents,
  expectOneDatabase,
  expectQuiet,
  harmsRecord,
  putsBack,
} from './testing/life/ends.ts';
import { assertStories, play } from './testing/life/play.ts';
import { lastWish } from './testing/life/stories.ts';
import { surprises } from './testing/life/surprises.ts';

const FILE = 'src/addon/decide.surprises.simulation.test.ts';

/** `make chaos` plays more of them. */
const STORIES = Number(process.env['SIMULATIONS'] ?? pick(150, 10_000));

const order = fc.constantFrom('LastWishLast' as const, 'NothingInTheWayLast' as const);

/** For a machine that is busy with something else. */
const TIMEOUT_MS = 180 * Math.max(1_000, STORIES);

describe('whatever the API server, its controllers, volumes and owners of apps surprise an addon with', () => {
  it(
    'no rule is broken meanwhile, and it ends with what was asked for',
    async () => {
      const property = fc.asyncProperty(
        surprises,
        lastWish,
        order,
        async (events, { contents, ...basics }, last) => {
          const wish = { ...basics, ...contents };
          const simulation = await play(events, wish, last);
          expectQuiet(simulation, 20);
          if (wish.state === 'Stopped') {
            expect(simulation.node.answering()).toBeUndefined();
            return;
          }
          expectOneDatabase(simulation);
          expectContents(simulation, events.some(harmsRecord));
          if (wish.apps.length > 0 || !events.some(putsBack)) expectBoundApp(simulation);
        },
      );
      await assertStories(property, { stories: STORIES, file: FILE });
    },
    TIMEOUT_MS,
  );
});
