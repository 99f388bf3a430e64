import fc from 'fast-check';
import { expect } from 'vitest';
import {
  expectBoundApp,
  expectContents,
  expectOneDatabase,
  expectQuiet,
  harmsRecord,
  putsBack,
} from './ends.ts';
import { assertStories, play } from './play.ts';
import { lastWish } from './stories.ts';
import { surprises } from './surprises.ts';

const order = fc.constantFrom('LastWishLast' as const, 'NothingInTheWayLast' as const);

/** For a machine that is busy with something else. */
export const msFor = (stories: number): number => 360 * Math.max(1_000, stories);

/** No rule is broken while so many stories are played, and each ends with what was asked for. */
export async function assertSurprises(stories: number, file: string, seed?: number): Promise<void> {
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
  await assertStories(property, { stories, file, seed });
}
