import { describe, expect, it } from 'vitest';
import { ApiError } from '../../kube/api/api-error.ts';
import { KubeClient } from '../../kube/api/client.ts';
import { PersistentVolumeClaim, Pod, StatefulSet } from '../../kube/objects/kinds.ts';
import { errorOf } from '../../kube/api/status.ts';
import { parseQuantity } from '../../kube/objects/quantity.ts';
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
type Judge = (object: unknown) => Refusal | undefined;

/** An API server that refuses what is written to these resources. */
function actorOn(refusals: Readonly<Record<string, Refusal | Judge>>, present: Pod = live(pod('512Mi'))) {
  const asked: string[] = [];
  let nowMs = NOW.getTime();
  const request = (sent: ApiRequest) => {
    const { method, path, query } = sent;
    if (method === 'GET') return Promise.resolve(present);
    const resource = path.split('/').at(method === 'POST' ? -1 : -2) ?? '';
    asked.push(`${method} ${resource} ${query?.['dryRun'] ?? 'for good'}`);
    const found = refusals[resource];
    const refusal = typeof found === 'function' ? found(sent.body) : found;
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
    warnings: { newest: () => Promise.reject(new Error('nothing is asked')) },
    settings: SETTINGS,
  };
  return {
    actor,
    asked,
    run: (of = action) => act(actor, addon, of, signal),
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

describe('of several quotas', () => {
  type Amounts = Readonly<Record<string, string>>;
  interface Quota {
    readonly name: string;
    readonly used: Amounts;
    readonly hard: Amounts;
  }
  const sized = (amounts: Amounts, sidecar: Amounts = {}): Pod => {
    const side = (of: Amounts, which: string) => {
      const own = Object.entries(of).filter(([name]) => name.startsWith(`${which}.`));
      return Object.fromEntries(own.map(([name, amount]) => [name.slice(which.length + 1), amount]));
    };
    const container = (name: string, of: Amounts) => ({
      name,
      resources: { limits: side(of, 'limits'), requests: side(of, 'requests') },
    });
    return {
      metadata: { ...named('my-app-influx-0'), uid: 'pod-uid' },
      spec: { containers: [container('influxdb', amounts), container('sidecar', sidecar)] },
    };
  };
  /** As the API server: one after the other, each with all that it refuses, and none after the first that does. */
  const judge =
    (quotas: readonly Quota[], injected: Amounts = {}): Judge =>
    (object) => {
      const usage = (resource: string): bigint => {
        const [side, name] = resource.split('.') as ['limits' | 'requests', string];
        const own = ((object as Pod).spec?.containers ?? []).map(
          ({ resources }) => resources?.[side]?.[name] ?? '0',
        );
        return [...own, injected[resource] ?? '0'].reduce((sum, each) => sum + parseQuantity(each), 0n);
      };
      for (const { name, used, hard } of quotas) {
        const over = Object.keys(hard).filter(
          (each) => usage(each) + parseQuantity(used[each] ?? '0') > parseQuantity(hard[each] ?? '0'),
        );
        if (over.length === 0) continue;
        const list = (amount: (name: string) => string | undefined) =>
          over.map((each) => `${each}=${amount(each)}`).join(',');
        const requested = list((each) => `${usage(each) / 1_000_000n}m`);
        const rest = `used: ${list((each) => used[each])}, limited: ${list((each) => hard[each])}`;
        return [
          403,
          'Forbidden',
          `pods "x" is forbidden: exceeded quota: ${name}, requested: ${requested}, ${rest}`,
        ];
      }
      return undefined;
    };
  const BEFORE = { 'limits.memory': '512Mi', 'requests.memory': '512Mi', 'requests.cpu': '250m' };
  const AFTER = { 'limits.memory': '1Gi', 'requests.memory': '1Gi', 'requests.cpu': '500m' };
  const memory: Quota = {
    name: 'memory',
    used: { 'limits.memory': '1536Mi', 'requests.memory': '1536Mi' },
    hard: { 'limits.memory': '2Gi', 'requests.memory': '2Gi' },
  };
  const cpu = (hard: string): Quota => ({
    name: 'cpu',
    used: { 'requests.cpu': '1' },
    hard: { 'requests.cpu': hard },
  });
  const asking = (next: Pod, present: Pod, quotas: readonly Quota[], injected?: Amounts) => {
    const { run, known } = actorOn({ pods: judge(quotas, injected) }, live(present));
    const writes = action.writes.map((write) =>
      write.kind.plural === 'pods' ? { ...write, object: next } : write,
    );
    return { run: () => run({ ...action, writes, leaving: live(present) }), known };
  };

  it.each<[string, readonly Quota[], Amounts, string | undefined]>([
    ['all have room once the present pod has left', [memory, cpu('1250m')], AFTER, undefined],
    [
      'the second has no room for what is more',
      [memory, cpu('1249m')],
      AFTER,
      'exceeded quota: cpu, requested: requests.cpu=250m',
    ],
    [
      'the first has no room',
      [cpu('1249m'), memory],
      AFTER,
      'exceeded quota: cpu, requested: requests.cpu=500m',
    ],
    ['nothing more is used than before', [memory, { ...memory, name: 'other' }], BEFORE, undefined],
  ])('%s', async (_, quotas, amounts, told) => {
    const { run, known } = asking(sized(amounts), sized(BEFORE), quotas);
    await run();
    expect(known()?.verdict).toBe(told === undefined ? 'Taken' : 'Refused');
    if (told !== undefined) expect(known()?.refusal?.message).toContain(told);
  });

  it('what others put into each pod counts for the one that leaves too', async () => {
    const injected = { 'requests.cpu': '100m' };
    const quotas = [memory, cpu('1250m')];
    const { run, known } = asking(sized(AFTER), sized(BEFORE, injected), quotas, injected);
    await run();
    expect(known()?.verdict).toBe('Taken');
  });

  it('the message has all that the quota refuses, and says what is requested', async () => {
    const both: Quota = {
      name: 'both',
      used: { 'requests.cpu': '1', 'requests.memory': '1Gi' },
      hard: { 'requests.cpu': '1200m', 'requests.memory': '1Gi' },
    };
    const { run, known } = asking(sized(AFTER), sized(BEFORE), [
      { ...memory, hard: { 'limits.memory': '2Gi' } },
      both,
    ]);
    await run();
    expect(known()?.refusal?.message).toMatch(
      /quota: both, requested: requests.cpu=250m,requests.memory=\d+m, used: requests.cpu=1,requests.memory=1Gi, limited: requests.cpu=1200m,requests.memory=1Gi; requested is what it uses beyond the present pod$/,
    );
  });

  it('another refusal of the smaller pod is none of the change', async () => {
    let asked = 0;
    const first = judge([memory]);
    const pods: Judge = (object) =>
      ++asked === 1
        ? first(object)
        : [403, 'Forbidden', 'pods "x" is forbidden: minimum memory usage per Container is 1Gi'];
    const { run, known } = actorOn({ pods }, live(sized(BEFORE)));
    const writes = [{ verb: 'create' as const, kind: Pod, object: sized(AFTER) }];
    await run({ ...action, writes, leaving: live(sized(BEFORE)) });
    expect({ asked, verdict: known()?.verdict }).toEqual({ asked: 2, verdict: 'Taken' });
  });
});
