import { setImmediate } from 'node:timers/promises';
import { versions } from '../api/catalogue.ts';
import { ApiError } from '../kube/api/api-error.ts';
import * as kinds from '../kube/objects/kinds.ts';
import type { StorageClass } from '../kube/objects/kinds.ts';
import type { KubeObject } from '../kube/objects/types.ts';
import { Lanes } from '../kube/control/lanes.ts';
import { Teller } from './trouble/teller.ts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { KubeClient } from '../kube/api/client.ts';
import type { ApiRequest, Transport } from '../kube/api/transport.ts';
import { systemClock } from '../kube/clock.ts';
import { WorkQueue } from '../kube/control/work-queue.ts';
import { silentLogger } from '../kube/log.ts';
import { keyOf } from '../kube/objects/types.ts';
import { Turns } from './maintenance/turns.ts';
import { Memories } from './observe/memories.ts';
import { makeStores } from './observe/stores.ts';
import { connect } from './observe/triggers.ts';
import { reconcile, type Reconciler } from './reconcile.ts';
import { addonOf, countingFresh, live, planOf, SETTINGS } from './testing/fixtures.ts';
import { FINALIZER } from './world/names.ts';

const { signal } = new AbortController();
/** No worker and no queue. */
const NOBODY = { letGo: () => {}, seen: () => {} };

function reconcilerWith(answer: (request: ApiRequest) => unknown): {
  reconciler: Reconciler;
  asked: string[];
} {
  const asked: string[] = [];
  const transport: Transport = {
    request: async (request) => {
      asked.push(`${request.method} ${request.path.split('/').at(-1)}`);
      return await answer(request);
    },
    watch: () => expect.unreachable('nobody watches'),
    close: () => Promise.resolve(),
  };
  const stores = makeStores();
  const memories = new Memories();
  const settings = { maxAtOnce: 1, maxFailures: 1, freeze: false };
  const turns = new Turns({
    settings,
    clock: systemClock,
    addons: () => stores.addons.list(),
    wake: () => {},
  });
  connect(stores, new WorkQueue({ clock: systemClock }), memories, turns);
  for (const source of [stores.plans, stores.versions, stores.namespaces]) source.replace([], '1');
  stores.plans.replace([planOf()], '1');
  stores.secrets.open('shop').replace([], '1');
  const reconciler = {
    client: new KubeClient(transport, { fieldManager: 'test' }),
    influx: { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() },
    stores,
    memories,
    clock: systemClock,
    warnings: { newest: () => Promise.reject(new Error('nobody asks')) },
    settings: SETTINGS,
    fleet: turns.fleet,
    fresh: countingFresh(),
    events: { event: () => {} },
    log: silentLogger,
    lanes: new Lanes({ slots: 4, perGroup: 2 }),
  };
  const teller = new Teller({
    clock: systemClock,
    log: silentLogger,
    find: (key) => stores.addons.get(key),
    look: () => expect.unreachable(),
    write: () => expect.unreachable(),
  });
  onTestFinished(() => teller.stop());
  return { reconciler: { ...reconciler, teller }, asked };
}

it('an addon that may go is written to once, though the answer shows it as it was', async () => {
  const ending = addonOf(
    {},
    { metadata: { deletionTimestamp: '2030-01-01T12:00:00Z', finalizers: [FINALIZER] } },
  );
  const { reconciler, asked } = reconcilerWith(() => ({
    ...ending,
    metadata: { ...ending.metadata, finalizers: [] },
  }));
  reconciler.stores.addons.recordWrite(ending);
  expect(await reconcile(reconciler, keyOf(ending), signal, NOBODY)).toEqual({});
  expect(asked).toEqual(['PATCH my-app']);
});

it('what a run learns of an addon that is deleted meanwhile goes with the run', async () => {
  const addon = addonOf();
  const { reconciler, asked } = reconcilerWith(() => {
    // The watch tells that it went, and everybody forgets it, before the answer to the write is there.
    reconciler.stores.addons.remove({
      ...addon,
      metadata: { ...addon.metadata, resourceVersion: '999999999' },
    });
    return { ...addon, metadata: { ...addon.metadata, resourceVersion: '999999998' } };
  });
  reconciler.stores.addons.recordWrite(addon);
  await reconcile(reconciler, keyOf(addon), signal, NOBODY);
  expect(asked).toEqual(['PATCH status']);
  expect(reconciler.stores.addons.size).toBe(0);
  expect(reconciler.memories.size).toBe(0);
});

const STANDARD: StorageClass = {
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'test',
};

describe('the children of a new addon', () => {
  const first = [['Secret'], ['PersistentVolumeClaim'], ['Secret']];
  const beside = ['Secret', 'Service', 'NetworkPolicy'];
  it.each([
    ['all of them are taken', undefined, [...first, beside, ['StatefulSet']]],
    ['one is refused', 'Service', [...first, beside]],
    ['the URL Secret is refused, behind which there is no binding Secret', 'Secret my-app-influx', first],
  ])(
    'are made side by side, and the database when those before it are there: %s',
    async (_, refused, expected) => {
      const addon = addonOf();
      const made: string[][] = [];
      let underWay: string[] = [];
      const { reconciler } = reconcilerWith(async ({ method, body }) => {
        if (method !== 'POST') return { ...addon, metadata: { ...addon.metadata, resourceVersion: '900' } };
        const object = body as KubeObject & { metadata: { name: string } };
        const { name } = object.metadata;
        if (underWay.length === 0) made.push((underWay = []));
        underWay.push(object.kind ?? '');
        await setImmediate();
        underWay = [];
        if (refused === object.kind || refused === `${object.kind} ${name}`)
          throw new ApiError({ code: 403, reason: 'Forbidden', message: 'by a policy' });
        return { ...object, metadata: { ...object.metadata, uid: `uid-${name}`, resourceVersion: '800' } };
      });
      const { stores } = reconciler;
      stores.versions.replace(versions.map(live), '1');
      stores.storageClasses.replace([live(STANDARD)], '1');
      stores.addons.recordWrite(addon);
      await reconcile(reconciler, keyOf(addon), signal, NOBODY);
      expect(made).toEqual(expected);
    },
  );

  it.each(['services', 'networkpolicies'])(
    'that fail together are told of as one, and waited for as long as the server asks (%s last)',
    async (last) => {
      const addon = addonOf();
      const { reconciler } = reconcilerWith(async ({ method, path, body }) => {
        if (method !== 'POST') return { ...addon, metadata: { ...addon.metadata, resourceVersion: '900' } };
        if (path.endsWith(last)) await setImmediate();
        if (path.endsWith('services'))
          throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'not now' });
        if (path.endsWith('networkpolicies'))
          throw new ApiError({ code: 429, reason: 'TooManyRequests', message: '', retryAfterMs: 20_000 });
        const object = body as KubeObject;
        const { name } = object.metadata ?? {};
        return { ...object, metadata: { ...object.metadata, uid: `uid-${name}`, resourceVersion: '800' } };
      });
      const { stores, teller } = reconciler;
      stores.versions.replace(versions.map(live), '1');
      stores.storageClasses.replace([live(STANDARD)], '1');
      stores.addons.recordWrite(addon);
      const failed = vi.spyOn(teller, 'failed');
      const error = await reconcile(reconciler, keyOf(addon), signal, NOBODY).catch((each: unknown) => each);
      expect(error).toMatchObject({ code: 503, retryAfterMs: 20_000 });
      expect(failed.mock.calls.map(([, action, failure]) => [action, failure])).toEqual([
        [expect.objectContaining({ do: 'create', kind: kinds.Service }), error],
      ]);
    },
  );
});
