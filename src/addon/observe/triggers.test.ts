import { beforeEach, describe, expect, it } from 'vitest';
import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import { WorkQueue } from '../../kube/control/work-queue.ts';
import { given } from '../../kube/objects/given.ts';
import { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import { Turns } from '../maintenance/turns.ts';
import { addonOf, NOW } from '../testing/fixtures.ts';
import { podOf, readyStatus } from '../testing/pods.ts';
import { Memories } from './memories.ts';
import { makeStores, type Stores } from './stores.ts';
import { connect } from './triggers.ts';

const KEY = 'shop/my-app';
/** Due before everything that a test does, and nobody waits for it. */
const FIRST = 'elsewhere/first';

let stores: Stores;
let queue: WorkQueue;

beforeEach(() => {
  const clock = new VirtualClock();
  stores = makeStores();
  queue = new WorkQueue({ clock });
  const addons = () => stores.addons.list();
  const turns = new Turns({ settings: undefined, clock, addons, wake: (key) => queue.add(key) });
  connect(stores, queue, new Memories(), turns);
});

/** What is handed out after this has happened, and in which order. */
async function dueAfter(happens: () => void): Promise<readonly string[]> {
  queue.add(FIRST);
  happens();
  const keys: string[] = [];
  while (queue.length > 0) {
    const key = (await queue.get()) ?? '';
    queue.done(key);
    keys.push(key);
  }
  return keys;
}

const SOON = [KEY, FIRST];
const IN_TURN = [FIRST, KEY];

describe('an addon', () => {
  const edited = (metadata: object, status?: InfluxAddon['status']) =>
    addonOf({}, { metadata: { resourceVersion: '2000', ...metadata }, ...given({ status }) });
  const listed = () => edited({ resourceVersion: '500' });
  const wishes = [
    Annotation.paused,
    Annotation.rotate,
    Annotation.restart,
    Annotation.maintainNow,
    Annotation.allowDataLoss,
    Annotation.skipBackup,
    Annotation.startEmpty,
  ];

  it('is looked at in its turn when it is new: of many those go first whose database has come up', async () => {
    expect(await dueAfter(() => stores.addons.replace([listed()], '1000'))).toEqual(IN_TURN);
    const made = edited({ name: 'made', uid: 'made', resourceVersion: '1001' });
    expect(await dueAfter(() => stores.addons.upsert(made))).toEqual([FIRST, 'shop/made']);
    const missed = edited({ name: 'missed', uid: 'missed', resourceVersion: '1500' });
    const list = [...stores.addons.list(), missed];
    expect(await dueAfter(() => stores.addons.replace(list, '2000'))).toEqual([FIRST, 'shop/missed']);
  });

  it.each([
    ['its spec is edited', edited({ generation: 2 })],
    ['its deletion is asked for', edited({ generation: 2, deletionTimestamp: NOW.toISOString() })],
  ])('is soon when %s', async (_, after) => {
    stores.addons.replace([listed()], '1000');
    await dueAfter(() => {});
    expect(await dueAfter(() => stores.addons.upsert(after))).toEqual(SOON);
  });

  it.each(wishes)('is soon when %s is written or taken away, and no more when it stays', async (wish) => {
    stores.addons.replace([listed()], '1000');
    await dueAfter(() => {});
    const wished = (resourceVersion: string) => edited({ resourceVersion, annotations: { [wish]: 'a' } });
    expect(await dueAfter(() => stores.addons.upsert(wished('2000')))).toEqual(SOON);
    expect(await dueAfter(() => stores.addons.upsert(wished('2001')))).toEqual(IN_TURN);
    const without = edited({ resourceVersion: '2002' });
    expect(await dueAfter(() => stores.addons.upsert(without))).toEqual(SOON);
  });

  it.each([
    ['its status is written', edited({}, { id: 'a_1' })],
    ['it gets a finalizer', edited({ finalizers: ['influxaddon.dev/operator'] })],
    ['a tool keeps its notes', edited({ annotations: { 'tool.example/at': '1' } })],
  ])('is looked at in its turn when %s', async (_, after) => {
    stores.addons.replace([listed()], '1000');
    await dueAfter(() => {});
    expect(await dueAfter(() => stores.addons.upsert(after))).toEqual(IN_TURN);
  });

  it('is looked at in its turn when it is gone', async () => {
    stores.addons.replace([listed()], '1000');
    await dueAfter(() => {});
    expect(await dueAfter(() => stores.addons.replace([], '2000'))).toEqual(IN_TURN);
  });

  it('is looked at in its turn when the server was restored, and not at all when it is listed as before', async () => {
    const addon = listed();
    stores.addons.replace([addon], '1000');
    await dueAfter(() => {});
    expect(await dueAfter(() => stores.addons.replace([addon], '1001'))).toEqual([FIRST]);
    expect(await dueAfter(() => stores.addons.replace([addon], '900'))).toEqual(IN_TURN);
  });
});

describe("an addon's pod", () => {
  const starting = () => podOf({ phase: 'Pending' }, { resourceVersion: '500' });
  const running = (resourceVersion: string, more: object = {}) =>
    podOf(readyStatus(), { resourceVersion, ...more });

  it('that is ready in the first list makes nobody soon, and none that is ready as before does', async () => {
    expect(await dueAfter(() => stores.pods.replace([running('500')], '1000'))).toEqual(IN_TURN);
    expect(await dueAfter(() => stores.pods.upsert(running('1001')))).toEqual(IN_TURN);
    expect(await dueAfter(() => stores.pods.replace([running('1001')], '1100'))).toEqual([FIRST]);
    expect(await dueAfter(() => stores.pods.replace([running('500')], '900'))).toEqual(IN_TURN);
  });

  it('makes it soon when it comes up, also when that is told by a list alone', async () => {
    stores.pods.replace([starting()], '1000');
    await dueAfter(() => {});
    expect(await dueAfter(() => stores.pods.upsert(running('1001')))).toEqual(SOON);
    const another = running('1002', { uid: 'another' });
    expect(await dueAfter(() => stores.pods.replace([another], '1003'))).toEqual(SOON);
  });
});
