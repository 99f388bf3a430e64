import { describe, expect, it } from 'vitest';
import { ApiError } from '../../kube/api/api-error.ts';
import { KubeClient } from '../../kube/api/client.ts';
import { PersistentVolumeClaim, Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import { errorOf } from '../../kube/api/status.ts';
import type { ApiRequest } from '../../kube/api/transport.ts';
import type { DryRunAction } from '../decision/action.ts';
import type { DryRun } from '../world/memory.ts';
import { Memories } from '../observe/memories.ts';
import { makeStores } from '../observe/stores.ts';
import { addonOf, live, NAMESPACE, NOW, SETTINGS } from '../testing/fixtures.ts';
import { act } from './act.ts';
import type { Actor } from './actor.ts';

const { signal } = new AbortController();
const addon = addonOf();
const named = (name: string) => ({ name, namespace: NAMESPACE });

const pod = (memory: string): Pod => ({
  metadata: { ...named('my-app-influx-0'), uid: 'pod-uid' },
  spec: { containers: [{ name: 'influxdb', resources: { limits: { memory } } }] },
});

const action: DryRunAction = {
  do: 'dryRun',
  of: 'change',
  writes: [
    {
      verb: 'replace',
      kind: PersistentVolumeClaim,
      object: live({ metadata: named('my-app-influx-data') }),
    },
    { verb: 'replace', kind: StatefulSet, object: live({ metadata: named('my-app-influx') }) },
    { verb: 'create', kind: Pod, object: pod('1Gi') },
  ],
  leaving: live(pod('512Mi')),
};

type Refusal = readonly [code: number, reason: string, message: string];

/** An API server that refuses what is written to these resources. */
function actorOn(refusals: Readonly<Record<string, Refusal>>, present: Pod = live(pod('512Mi'))) {
  const asked: string[] = [];
  let nowMs = NOW.getTime();
  const request = (sent: ApiRequest) => {
    const { method, path, query } = sent;
    if (method === 'GET') return Promise.resolve(present);
    const resource = path.split('/').at(method === 'POST' ? -1 : -2) ?? '';
    asked.push(`${method} ${resource} ${query?.['dryRun'] ?? 'for good'}`);
    const refusal = refusals[resource];
    if (refusal === undefined) return Promise.resolve(sent.body);
    const [code, reason, message] = refusal;
    return Promise.reject(errorOf(sent, code, { kind: 'Status', reason, message }));
  };
  const watch = () => {
    throw new Error('nothing is watched');
  };
  const actor: Actor = {
    client: new KubeClient({ request, watch, close: async () => {} }, { fieldManager: 'test' }),
    influx: { send: () => Promise.reject(new Error('nothing is asked')), close: async () => {} },
    stores: makeStores(),
    memories: new Memories(),
    clock: { now: () => nowMs, monotonic: () => 0, after: () => ({ cancel: () => {} }) },
    settings: SETTINGS,
  };
  return {
    actor,
    asked,
    run: () => act(actor, addon, action, signal),
    known: () => actor.memories.get(addon.metadata.uid).dryRun,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const QUOTA = 'pods "x" is forbidden: exceeded quota: q, ';
const exceeded = (limit: string): Refusal => [
  403,
  'Forbidden',
  `${QUOTA}requested: limits.memory=1Gi, used: limits.memory=512Mi, limited: limits.memory=${limit}`,
];

describe('a change that is only asked about', () => {
  it('is taken when the volume, the StatefulSet and the pod are, and nothing is stored', async () => {
    const { run, asked, known } = actorOn({});
    expect(await run()).toEqual({ result: 'done' });
    expect(asked).toEqual(['PUT persistentvolumeclaims All', 'PUT statefulsets All', 'POST pods All']);
    expect(known()).toMatchObject({ of: 'change', verdict: 'Taken' });
  });

  it.each<[string, Refusal]>([
    ['the pod of before still has its name', [409, 'AlreadyExists', 'pods "x" already exists']],
    ['the other pod makes room in the quota', exceeded('1Gi')],
    [
      'we have no right to ask',
      [403, 'Forbidden', 'pods is forbidden: User "o" cannot create resource "pods"'],
    ],
    ['a webhook is not to be asked', [400, 'BadRequest', 'admission webhook "a" does not support dry run']],
  ])('is taken when %s', async (_, refusal) => {
    const { run, known } = actorOn({ pods: refusal });
    expect(await run()).toEqual({ result: 'done' });
    expect(known()?.verdict).toBe('Taken');
  });

  it.each<[string, string, Refusal, string]>([
    ['the volume', 'persistentvolumeclaims', [403, 'Forbidden', 'does not support resize'], 'Forbidden'],
    ['the StatefulSet', 'statefulsets', [422, 'Invalid', 'policy says no'], 'Rejected'],
    ['the pod', 'pods', [403, 'Forbidden', 'no PriorityClass with name typo was found'], 'Forbidden'],
    ['the pod, also without the other', 'pods', exceeded('1023Mi'), 'QuotaExceeded'],
  ])('is refused with %s, and asked no further', async (_, resource, refusal, reason) => {
    const { run, known, asked } = actorOn({ [resource]: refusal });
    expect(await run()).toEqual({ result: 'surprised' });
    expect(asked.at(-1)).toContain(resource);
    expect(known()).toMatchObject({
      verdict: 'Refused',
      untilMs: NOW.getTime() + 30_000,
      refusal: { reason },
    });
    expect(known()?.refusal?.message).toContain(refusal[2]);
  });

  it('is refused for a quota when the pod that leaves was smaller than it', async () => {
    const { run, known } = actorOn({ pods: exceeded('1Gi') }, live(pod('256Mi')));
    expect(await run()).toEqual({ result: 'surprised' });
    expect(known()?.refusal?.reason).toBe('QuotaExceeded');
  });

  it.each<Refusal>([
    [500, 'InternalError', 'failed calling webhook'],
    [429, 'TooManyRequests', 'later'],
    [504, 'Timeout', 'slow'],
  ])(
    'is asked about again after a %i, and made when nobody could say for ten minutes',
    async (...refusal) => {
      const { run, known, pass } = actorOn({ pods: refusal });
      await expect(run()).rejects.toThrow(ApiError);
      expect(known()?.verdict).toBe('Unknown');
      for (let minute = 0; minute < 10; minute += 1) {
        await expect(run()).rejects.toThrow(ApiError);
        pass(60_000);
      }
      expect(await run()).toEqual({ result: 'done' });
      expect(known()?.verdict).toBe('Taken');
    },
  );

  it('is not made for what nobody could say long ago, or of another change', async () => {
    const { run, known, pass, actor } = actorOn({ pods: [500, 'InternalError', 'failed calling webhook'] });
    await expect(run()).rejects.toThrow(ApiError);
    pass(10 * 60_000);
    await expect(run()).rejects.toThrow(ApiError);
    const sinceMs = NOW.getTime() - 60 * 60_000;
    const dryRun = { ...(known() as DryRun), of: 'another', sinceMs };
    actor.memories.update(addon.metadata.uid, { dryRun });
    await expect(run()).rejects.toThrow(ApiError);
    expect(known()?.verdict).toBe('Unknown');
  });

  it('is decided anew when what it was made of has changed meanwhile', async () => {
    const { run, known } = actorOn({ statefulsets: [409, 'Conflict', 'the object has been modified'] });
    await expect(run()).rejects.toThrow(ApiError);
    expect(known()).toBeUndefined();
  });
});
