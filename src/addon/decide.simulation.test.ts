import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../test/size.ts';
import { ADMIN_KEY } from './identity/admin-keys.ts';
import {
  expectBoundApp,
  expectContents,
  expectNoVariables,
  expectOneDatabase,
  expectQuiet,
  harmsRecord,
  secretOf,
} from './testing/life/ends.ts';
import { assertStories, play } from './testing/life/play.ts';
import { lastWish, story } from './testing/life/stories.ts';
import { ADDON } from './testing/model/simulation.ts';
import { childNames } from './world/names.ts';

const names = childNames(ADDON);
const FILE = 'src/addon/decide.simulation.test.ts';

/** `make chaos` plays more of them. */
const STORIES = Number(process.env['SIMULATIONS'] ?? pick(200, 700));

/** For a machine that is busy with something else. */
const TIMEOUT_MS = 180 * Math.max(1_000, STORIES);

describe('whatever happens to the operator, its view, the children and the database', () => {
  it(
    'the addon ends with what was asked for: one database, one user, one password that works',
    async () => {
      const property = fc.asyncProperty(story, lastWish, async (events, { contents, ...basics }) => {
        const wish = { ...basics, ...contents };
        const simulation = await play(events, wish);
        expectQuiet(simulation, 50);
        if (wish.state === 'Stopped') {
          expect(simulation.node.answering()).toBeUndefined();
          return;
        }
        expectOneDatabase(simulation);
        expectContents(simulation, events.some(harmsRecord));
        expectBoundApp(simulation);
      });
      await assertStories(property, { stories: STORIES, file: FILE });
    },
    TIMEOUT_MS,
  );

  it(
    'a deleted addon leaves volume and credentials under Retain, from which one of its name goes on',
    async () => {
      const property = fc.asyncProperty(story, async (events) => {
        const simulation = await play(events, { plan: '1g', version: '1.8.10', deletionPolicy: 'Retain' });
        const before = secretOf(simulation, names.adminSecret);
        simulation.user.deleteAddon();
        simulation.finishDeletion(5);
        expect(secretOf(simulation, names.adminSecret)).toEqual(before);
        expect(simulation.api.get('Secret', names.urlSecret)).toBeUndefined();
        expectNoVariables(simulation);
        simulation.createAddon({ version: '1.8.10' });
        simulation.settle(20);
        expectOneDatabase(simulation);
        expect(secretOf(simulation, names.adminSecret)[ADMIN_KEY.password]).toBe(before[ADMIN_KEY.password]);
      });
      await assertStories(property, { stories: pick(50, 200), file: FILE });
    },
    TIMEOUT_MS,
  );

  it(
    'a deleted addon leaves nothing under Delete',
    async () => {
      const property = fc.asyncProperty(story, async (events) => {
        const simulation = await play([], {});
        for (const event of events) simulation.happen(event);
        const wish = { plan: '2g', version: '1.8.10', deletionPolicy: 'Delete' } as const;
        simulation.happen({ event: 'Edit', spec: wish });
        const isAccepted = () => simulation.addon?.status?.accepted?.deletionPolicy === 'Delete';
        for (let round = 0; round < 10 && !isAccepted(); round += 1) simulation.fairRound();
        const { spec, status } = simulation.addon ?? {};
        expect(isAccepted() ? [] : [spec, status?.conditions]).toEqual([]);
        simulation.user.deleteAddon();
        simulation.finishDeletion(10);
        expectNoVariables(simulation);
        const left = [...simulation.api.entries()].map(([key]) => key);
        expect(left.filter((key) => key !== 'Deployment/web')).toEqual([]);
      });
      await assertStories(property, { stories: pick(50, 200), file: FILE });
    },
    TIMEOUT_MS,
  );
});
