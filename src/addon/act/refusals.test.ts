import { expect, it } from 'vitest';
import { KubeClient } from '../../kube/api/client.ts';
import { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { errorOf } from '../../kube/api/status.ts';
import { act } from './act.ts';
import { type Actor } from './actor.ts';
import type { Action } from '../decision/action.ts';
import { Memories } from '../observe/memories.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, NAMESPACE, NOW, SETTINGS } from '../testing/fixtures.ts';

const { signal } = new AbortController();

/** An API server that answers every request with this. */
function actorOn(code: number, status: object): Actor {
  const client = new KubeClient(
    {
      request: (request) => Promise.reject(errorOf(request, code, { kind: 'Status', ...status })),
      watch: () => {
        throw new Error('nothing is watched');
      },
      close: async () => {},
    },
    { fieldManager: 'test' },
  );
  const clock = { now: () => NOW.getTime(), monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  const influx = { send: () => Promise.reject(new Error('nothing is asked')), close: async () => {} };
  return { client, influx, stores: makeStores(), memories: new Memories(), clock, settings: SETTINGS };
}

const create: Action = {
  do: 'create',
  kind: PersistentVolumeClaim,
  object: { metadata: { namespace: NAMESPACE, name: 'db-influx-data' } },
};

it('a write to a namespace that is going away is not tried again until the cache may know', async () => {
  const addon = addonOf();
  const actor = actorOn(403, {
    reason: 'Forbidden',
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
  });
  expect(await act(actor, addon, create, signal)).toEqual({ result: 'wait', ms: 1_000 });
  expect(actor.memories.get(addon.metadata.uid).findings).toEqual([]);
});

it('a write that is forbidden otherwise is a finding, tried again after half a minute', async () => {
  const addon = addonOf();
  const actor = actorOn(403, { reason: 'Forbidden', message: 'exceeded quota: small' });
  expect(await act(actor, addon, create, signal)).toEqual({ result: 'refused' });
  expect(actor.memories.get(addon.metadata.uid).findings).toMatchObject([
    {
      target: 'PersistentVolumeClaim/db-influx-data',
      reason: 'QuotaExceeded',
      untilMs: NOW.getTime() + 30_000,
    },
  ]);
});
