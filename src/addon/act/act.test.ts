import { describe, expect, it } from 'vitest';
import { ApiError } from '../../kube/api/api-error.ts';
import { KubeClient } from '../../kube/api/client.ts';
import { type Kind, NetworkPolicy, type Secret, Service, StatefulSet } from '../../kube/objects/kinds.ts';
import { systemClock } from '../../kube/clock.ts';
import type { ApiRequest, Transport } from '../../kube/api/transport.ts';
import { keyOf, type KubeObject, type Live } from '../../kube/objects/types.ts';
import { letGo } from '../lifecycle/finalizer.ts';
import { FINALIZER } from '../world/names.ts';
import { act } from './act.ts';
import { type Actor } from './actor.ts';
import type { Action } from '../decision/action.ts';
import { childChanges } from '../children/changes.ts';
import { knownEntries } from '../apps/owners.ts';
import { ownersOf } from '../apps/patch.ts';
import { appOf } from '../testing/apps.ts';
import { Memories } from '../observe/memories.ts';
import { CHILDREN } from '../children/index.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, contextOf, live, NO_CHILDREN, REACHED, SETTINGS } from '../testing/fixtures.ts';

const { signal } = new AbortController();
const addon = addonOf(REACHED);

/** An API server that has the addon as it is given, and takes every write. */
function actorWith(present: Live<KubeObject> | undefined): { actor: Actor; asked: string[] } {
  const asked: string[] = [];
  const transport: Transport = {
    request: ({ method, path, body }: ApiRequest) => {
      asked.push(`${method} ${path.split('/').at(-1)}`);
      return Promise.resolve(method === 'GET' ? present : live(body as KubeObject));
    },
    watch: () => {
      throw new Error('nobody watches');
    },
    close: () => Promise.resolve(),
  };
  const influx = { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() };
  const actor = {
    client: new KubeClient(transport, { fieldManager: 'test' }),
    influx,
    stores: makeStores(),
    memories: new Memories(),
    clock: systemClock,
    warnings: { newest: () => Promise.reject(new Error('nobody asks')) },
    settings: SETTINGS,
  };
  return { actor, asked };
}

/** What the addon wants done about one of its children. */
function changeOf(slot: 'externalService' | 'networkPolicy', there: KubeObject | undefined): Action {
  const others = CHILDREN.map((child) => child.slot).filter((each) => each !== slot);
  const children = { ...NO_CHILDREN, [slot]: there };
  const [change] = childChanges(contextOf({ addon, children }), new Set(others));
  if (change === undefined) throw new Error('there is nothing to do');
  return change.action;
}

const child = (kind: typeof Service | typeof NetworkPolicy): Live<KubeObject> =>
  live({
    apiVersion: kind.group,
    kind: kind.kind,
    metadata: { name: 'there', namespace: 'shop' },
    spec: {},
  } as KubeObject);

describe('what a write of a child puts right', () => {
  const repair = { of: 'wanted', paths: ['spec.a'], endsPod: true, isHarmless: false, times: 2 };
  const key = { name: 'there', namespace: 'shop', uid: 'u', resourceVersion: '1' };

  it.each<Action>([
    { do: 'create', kind: Service as Kind<KubeObject>, object: { metadata: key }, repair },
    { do: 'replace', kind: Service as Kind<KubeObject>, object: child(Service), why: 'spec.a', repair },
  ])('is remembered, with what the API server made of it ($do)', async (action) => {
    const { actor } = actorWith(addon);
    expect(await act(actor, addon, action, signal)).toEqual({ result: 'done' });
    const known = actor.memories.get(addon.metadata.uid).repairs?.get('Service/there');
    expect(known).toMatchObject({ of: 'wanted', generation: 1 });
    expect([...(known?.tries.values() ?? [])]).toMatchObject([{ times: 2, paths: ['spec.a'] }]);
  });

  it('is not, when the write failed', async () => {
    const { actor } = actorWith(addon);
    const transport: Transport = {
      request: () => Promise.reject(new ApiError({ code: 409, reason: 'Conflict', message: 'old' })),
      watch: () => expect.unreachable(),
      close: () => Promise.resolve(),
    };
    const failing = { ...actor, client: new KubeClient(transport, { fieldManager: 'test' }) };
    const object = child(Service);
    const kind = Service as Kind<KubeObject>;
    const action: Action = { do: 'replace', kind, object, why: 'spec.a', repair };
    await expect(act(failing, addon, action, signal)).rejects.toThrow('old');
    expect(actor.memories.get(addon.metadata.uid).repairs).toBeUndefined();
  });
});

describe('the finalizers of an addon', () => {
  const ending = addonOf(
    {},
    { metadata: { deletionTimestamp: '2030-01-01T12:00:00Z', finalizers: [FINALIZER] } },
  );
  const key = keyOf(ending);
  const letting = (others: string[]) =>
    letGo({ ...ending, metadata: { ...ending.metadata, finalizers: [FINALIZER, ...others] } });

  /** An API server that answers as a real one: with the addon of before when it is gone by then. */
  const writing = (answer: () => Promise<unknown>) => {
    const { actor } = actorWith(undefined);
    const transport: Transport = {
      request: answer,
      watch: () => expect.unreachable(),
      close: () => Promise.resolve(),
    };
    actor.stores.addons.recordWrite(ending);
    return { ...actor, client: new KubeClient(transport, { fieldManager: 'test' }) };
  };

  it('are gone with it once the last is taken: nothing is decided from what the answer shows', async () => {
    const answer = { ...ending, metadata: { ...ending.metadata, finalizers: [] } };
    const actor = writing(() => Promise.resolve(answer));
    expect(await act(actor, ending, letting([]), signal)).toEqual({ result: 'done' });
    expect(actor.stores.addons.get(key)).toBeUndefined();
    // Nor does the watch bring it back, which may be behind.
    actor.stores.addons.upsert(ending);
    expect(actor.stores.addons.get(key)).toBeUndefined();
  });

  it('that others hold stay with it', async () => {
    const answer = {
      ...ending,
      metadata: { ...ending.metadata, finalizers: ['other'], resourceVersion: '999999999' },
    };
    const actor = writing(() => Promise.resolve(answer));
    expect(await act(actor, ending, letting(['other']), signal)).toEqual({ result: 'done' });
    expect(actor.stores.addons.get(key)?.metadata.finalizers).toEqual(['other']);
  });

  it('of one that is gone already are as wanted', async () => {
    const actor = writing(() =>
      Promise.reject(new ApiError({ code: 404, reason: 'NotFound', message: 'gone' })),
    );
    expect(await act(actor, ending, letting([]), signal)).toEqual({ result: 'done' });
    expect(actor.stores.addons.get(key)).toBeUndefined();
  });
});

describe('an app from which variables are to be taken', () => {
  it('is read once, and what others wrote of it is known of the state that was read', async () => {
    const fieldsV1 = {
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': { 'k:{"name":"web"}': { 'f:env': { 'k:{"name":"INFLUX_URL"}': {} } } },
          },
        },
      },
    };
    const app = appOf();
    const metadata = { ...app.metadata, managedFields: [{ manager: 'helm', fieldsV1 }] };
    const { actor, asked } = actorWith({ ...app, metadata } as Live<KubeObject>);
    const action = ownersOf({ addon }, { kind: 'Deployment', name: 'web' });
    expect(await act(actor, addon, action, signal)).toEqual({ result: 'done' });
    expect(asked).toEqual(['GET web']);
    const memory = actor.memories.get(addon.metadata.uid);
    const seen = actor.stores.deployments.get('shop/web');
    expect(seen).toBeDefined();
    expect(knownEntries({ memory }, { kind: 'Deployment', name: 'web' }, seen)).toEqual(['web/INFLUX_URL']);
  });

  it('that is gone is looked at again in a moment', async () => {
    const { actor } = actorWith(undefined);
    const action = ownersOf({ addon }, { kind: 'Deployment', name: 'web' });
    expect(await act(actor, addon, action, signal)).toEqual({ result: 'wait', ms: 200 });
  });
});

describe('what lets somebody in', () => {
  const CHANGES: [string, Action][] = [
    ['a Service outside is made', changeOf('externalService', undefined)],
    ['a Service outside is changed', changeOf('externalService', child(Service))],
    ['a policy is changed', changeOf('networkPolicy', child(NetworkPolicy))],
  ];

  it.each(CHANGES)('%s for the spec as the API server has it', async (_, action) => {
    const { actor, asked } = actorWith(addon);
    expect(await act(actor, addon, action, signal)).toEqual({ result: 'done' });
    expect(asked).toEqual(['GET my-app', expect.stringMatching(/^(POST|PUT)/)]);
  });

  it.each(
    CHANGES.flatMap(([what, action]) =>
      [
        { ...addon, metadata: { ...addon.metadata, generation: 2 } },
        { ...addon, metadata: { ...addon.metadata, uid: 'another' } },
        { ...addon, metadata: { ...addon.metadata, deletionTimestamp: '2030-01-01T12:00:00Z' } },
      ].map((present) => ({ what, action, present })),
    ),
  )('$what, but not by a view that is out of date', async ({ action, present }) => {
    const { actor, asked } = actorWith(present);
    expect(await act(actor, addon, action, signal)).toMatchObject({ result: 'wait' });
    expect(asked).toEqual(['GET my-app']);
  });
});

describe('the database is made to run with what the admin Secret says', () => {
  const seen = live({ metadata: { name: 'my-app-influx-admin', namespace: 'shop' } } as Secret);
  const object = live({ metadata: { name: 'my-app-influx', namespace: 'shop' } } as StatefulSet);
  const action: Action = {
    do: 'replace',
    kind: StatefulSet as Kind<KubeObject>,
    object,
    why: 'spec',
    follows: seen,
  };

  it('as the API server has it', async () => {
    const { actor, asked } = actorWith(seen);
    expect(await act(actor, addon, action, signal)).toEqual({ result: 'done' });
    expect(asked).toEqual(['GET my-app-influx-admin', 'PUT my-app-influx']);
  });

  it.each([
    ['was written since', { ...seen, metadata: { ...seen.metadata, resourceVersion: '99' } }],
    ['is another one', { ...seen, metadata: { ...seen.metadata, uid: 'another' } }],
    ['is gone', undefined],
  ])('and not when that %s', async (_, present) => {
    const { actor, asked } = actorWith(present);
    expect(await act(actor, addon, action, signal)).toMatchObject({ result: 'wait' });
    expect(asked).toEqual(['GET my-app-influx-admin']);
  });

  it('which goes with each change of it', () => {
    const others = CHILDREN.map(({ slot }) => slot).filter((each) => each !== 'statefulSet');
    const children = { ...NO_CHILDREN, adminSecret: seen, statefulSet: object };
    const [change] = childChanges(contextOf({ addon, children }), new Set(others));
    expect(change?.action).toMatchObject({ do: 'replace', follows: seen });
  });
});
