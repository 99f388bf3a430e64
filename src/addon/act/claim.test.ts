import { describe, expect, it } from 'vitest';
import { KubeClient } from '../../kube/api/client.ts';
import { systemClock } from '../../kube/clock.ts';
import { PersistentVolumeClaim, Pod } from '../../kube/objects/kinds.ts';
import type { ApiRequest } from '../../kube/api/transport.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { act } from './act.ts';
import { type Actor } from './actor.ts';
import type { Action } from '../decision/action.ts';
import { Memories } from '../observe/memories.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, live, NAMESPACE, NOW, SETTINGS } from '../testing/fixtures.ts';

const { signal } = new AbortController();
const key = { name: 'my-app-influx-data', namespace: NAMESPACE };
const addon = addonOf({}, { status: { storage: { uid: 'known-uid' } } });

function claimOf(metadata: object, status: object = {}): Live<PersistentVolumeClaim> {
  return live({ metadata: { ...key, ...metadata }, status } as PersistentVolumeClaim);
}

/** An API server that has this claim, and takes every write. */
function actorWith(claim: Live<KubeObject> | undefined): { actor: Actor; asked: string[] } {
  const asked: string[] = [];
  const client = new KubeClient(
    {
      request: ({ method, path, body }: ApiRequest) => {
        asked.push(`${method} ${path.split('/').at(-1)}`);
        return Promise.resolve(method === 'GET' ? claim : live((body ?? {}) as KubeObject));
      },
      watch: () => {
        throw new Error('nobody watches');
      },
      close: () => Promise.resolve(),
    },
    { fieldManager: 'test' },
  );
  const influx = { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() };
  const memories = new Memories();
  const warnings = { newest: () => Promise.reject(new Error('nobody asks')) };
  return {
    actor: {
      client,
      influx,
      stores: makeStores(),
      memories,
      clock: systemClock,
      warnings,
      settings: SETTINGS,
    },
    asked,
  };
}

describe('a claim that the cache does not see', () => {
  const look: Action = { do: 'findClaim', kind: PersistentVolumeClaim, key, id: 'my_app_3707' };

  it('is remembered as missing when the API server has none', async () => {
    const { actor, asked } = actorWith(undefined);
    expect(await act(actor, addon, look, signal)).toEqual({ result: 'done' });
    expect(actor.memories.get(addon.metadata.uid).claimLook?.name).toBe(key.name);
    expect(asked).toEqual(['GET my-app-influx-data']);
  });

  it.each([
    ['the id as an annotation', { annotations: { 'influxaddon.dev/id': 'my_app_3707' } }],
    ['the id as a label', { labels: { 'influxaddon.dev/id': 'my_app_3707' } }],
    ['the UID that status knows', { uid: 'known-uid' }],
    ['the mark of what the operator made', { annotations: { 'influxaddon.dev/intent': 'x' } }],
  ])('with %s is taken, and made visible', async (_, metadata) => {
    const { actor, asked } = actorWith(claimOf(metadata));
    expect(await act(actor, addon, look, signal)).toEqual({ result: 'surprised' });
    expect(asked).toEqual(['GET my-app-influx-data', 'PUT my-app-influx-data']);
    const seen = actor.stores.claims.get(`${key.namespace}/${key.name}`);
    expect(seen?.metadata.labels?.['influxaddon.dev/addon']).toBe('my-app');
  });

  it('of somebody else is left alone, and told', async () => {
    const { actor, asked } = actorWith(claimOf({ annotations: { 'influxaddon.dev/id': 'other_1000' } }));
    expect(await act(actor, addon, look, signal)).toEqual({ result: 'refused' });
    expect(actor.memories.get(addon.metadata.uid).findings).toMatchObject([{ reason: 'NameConflict' }]);
    expect(asked).toHaveLength(1);
  });
});

describe('what ends a pod looks at its claim just before', () => {
  const deleted = { uid: 'claim-uid', deletionTimestamp: NOW.toISOString() };
  const end: Action = {
    do: 'delete',
    kind: Pod,
    key: { name: 'my-app-influx-0', namespace: NAMESPACE },
    uid: 'pod-uid',
    resourceVersion: '1',
    why: 'a test',
    over: claimOf({ uid: 'claim-uid' }),
  };

  it.each<[string, Live<KubeObject> | undefined, object, boolean]>([
    ['is not done when somebody has deleted it', claimOf(deleted), {}, false],
    ['is done when it is as it was', claimOf({ uid: 'claim-uid' }), {}, true],
    ['is done when there is none', undefined, {}, true],
    ['is done when it has no volume any more', claimOf(deleted, { phase: 'Lost' }), {}, true],
    [
      'is done when its user lets it go',
      claimOf(deleted),
      { 'influxaddon.dev/start-empty': 'claim-uid' },
      true,
    ],
  ])('%s', async (_, claim, annotations, isDone) => {
    const { actor, asked } = actorWith(claim);
    const asking = addonOf({}, { metadata: { annotations: annotations as Record<string, string> } });
    const { result } = await act(actor, asking, end, signal);
    expect([result, asked.length]).toEqual(isDone ? ['done', 2] : ['surprised', 1]);
  });
});
