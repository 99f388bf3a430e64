import fc from 'fast-check';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { STALLED_REASON } from '../../../api/reasons.ts';
import { Simulation, type SimulationEvent } from '../model/simulation.ts';

/** What happens to an addon, and what its user wants in the end, when nothing stands in the way any more. */
export async function play(
  events: readonly SimulationEvent[],
  wish: Partial<InfluxAddonSpec>,
  order: 'LastWishLast' | 'NothingInTheWayLast' = 'LastWishLast',
): Promise<Simulation> {
  const simulation = new Simulation({ apps: [{ name: 'web', env: 'Inject' }] });
  for (const event of events) await simulation.live(event);
  if (order === 'LastWishLast') await simulation.live({ event: 'NoObstacle' });
  // A first version that cannot be had is taken back only while its pod shows that it never began: so start it first.
  const states = wish.state === 'Stopped' ? (['Running', 'Stopped'] as const) : (['Running'] as const);
  for (const state of states) {
    await simulation.live({ event: 'Edit', spec: { ...wish, state } });
    if (order === 'NothingInTheWayLast') await nothingInTheWay(simulation);
    await giveUpWhatIsLost(simulation);
    // Who edits the spec, but to what was asked for before, makes nothing that restarts a database come sooner.
    if (isStatefulSetContested(simulation)) await simulation.live({ event: 'Wait', seconds: LONGEST_WAIT_S });
    simulation.settle(40);
  }
  return simulation;
}

/** Nobody edits anything then: what was refused, failed or was changed back is tried again when its time comes. */
async function nothingInTheWay(simulation: Simulation): Promise<void> {
  await simulation.meanwhile(6);
  await simulation.live({ event: 'NoObstacle' });
  await simulation.meanwhile(6);
  await simulation.live({ event: 'Wait', seconds: LONGEST_WAIT_S });
}

/** As rarely is a database restarted whose StatefulSet somebody changes back. */
const LONGEST_WAIT_S = 3_600;

function isStatefulSetContested({ addon }: Simulation): boolean {
  const stalled = addon?.status?.conditions?.find(({ type }) => type === 'Stalled');
  return stalled?.reason === STALLED_REASON.changedBack && stalled.message.startsWith('StatefulSet ');
}

/** A volume that somebody deleted is told of, and given up for good by somebody: a deletion cannot be taken back. */
async function giveUpWhatIsLost(simulation: Simulation): Promise<void> {
  for (let round = 0; round < 12 && !(round > 2 && simulation.isSettled()); round += 1) {
    await simulation.meanwhile(1);
    simulation.giveUpData();
  }
}

/** Plays so many stories; of one that goes wrong it is said how to play just that one again. `seed`: other stories. */
export async function assertStories<T>(
  property: fc.IAsyncProperty<T>,
  {
    stories,
    file,
    seed,
  }: { readonly stories: number; readonly file: string; readonly seed?: number | undefined },
): Promise<void> {
  const path = process.env['STORY'];
  const runs = path === undefined ? { numRuns: stories } : { path };
  const found = await fc.check(property, { ...runs, ...(seed === undefined ? {} : { seed }) });
  if (!found.failed) return;
  // What was added to the seed of all is added to it again.
  const offset = seed === undefined ? 0 : seed - (fc.readConfigureGlobal().seed ?? 0);
  const tier = file.includes('.exhaustive.') ? 'TEST_EXHAUSTIVE=1 ' : '';
  const again = `${tier}TEST_SEED=${found.seed - offset} STORY=${found.counterexamplePath} npx vitest run --project unit ${file}`;
  throw new Error(`${fc.defaultReportMessage(found)}\n\nThe same again: ${again}`, {
    cause: found.errorInstance,
  });
}
