import { expect } from 'vitest';
import { bytesOf } from '../cluster/volumes/quantity.ts';
import { PodWatch } from '../e2e/changes/pod-watch.ts';
import { ADDON, condition, type Place } from './place.ts';
import type { Scenario } from './scenario.ts';

interface RefusedChange {
  readonly name: string;
  readonly alone?: true;
  readonly sample?: true;
  /** What makes the cluster refuse the change. */
  readonly spoil?: (place: Place) => Promise<void>;
  readonly change: (place: Place) => object;
  readonly back: object;
  readonly why: RegExp;
  readonly mend: (place: Place) => Promise<void>;
}

const LARGER = { change: () => ({ plan: 'tiny-plus' }), back: { plan: 'tiny' } };

/** A part of a change that the cluster does not take: a pod, a volume. */
const changes: readonly RefusedChange[] = [
  {
    name: 'a priority class that is mistyped',
    sample: true,
    change: ({ namespace }) => ({ placement: { priorityClassName: `typo-${namespace}` } }),
    back: { placement: null },
    why: /no PriorityClass with name typo-/,
    mend: async (place) => {
      await place.kubectl(['create', 'priorityclass', `typo-${place.namespace}`, '--value=1']);
    },
  },
  {
    name: 'a plan whose memory is above the LimitRange of the namespace',
    ...LARGER,
    spoil: (place) => limit(place, 'Pod', { memory: '80Mi' }),
    why: /maximum memory usage per Pod is 80Mi/,
    mend: unlimit,
  },
  {
    name: 'a plan whose memory is above the quota of the namespace',
    ...LARGER,
    spoil: (place) => quota(place, 'limits.memory', '16Mi'),
    why: /exceeded quota: small, requested: .*limits\.memory=96Mi.*used: .*limited: /,
    mend: (place) => hard(place, 'limits.memory', '2Gi'),
  },
  {
    name: 'a plan whose volume is above the quota of the namespace',
    ...LARGER,
    spoil: (place) => quota(place, 'requests.storage', '16Mi'),
    why: /exceeded quota: small, requested: requests\.storage=64Mi/,
    mend: (place) => hard(place, 'requests.storage', '2Gi'),
  },
  {
    name: 'a plan whose volume is above the LimitRange of the namespace',
    ...LARGER,
    spoil: (place) => limit(place, 'PersistentVolumeClaim', { storage: '64Mi' }),
    why: /maximum storage usage per PersistentVolumeClaim is 64Mi/,
    mend: unlimit,
  },
  {
    name: 'a plan with a larger volume, in a storage class whose volumes do not grow',
    alone: true,
    ...LARGER,
    spoil: (place) => expansion(place, false),
    why: /storageclass that provisions the pvc must support resize/,
    mend: (place) => expansion(place, true),
  },
];

export const refusedScenarios: readonly Scenario[] = changes.map(
  ({ name, spoil, mend, change, back, why, ...rest }) => ({
    ...rest,
    name: `${name} changes nothing, says so, and costs nothing to take back; mended, it costs one restart`,
    run: async (place) => {
      await place.bound();
      await using pods = await PodWatch.of(place.space, ADDON);
      const before = await place.marks();
      try {
        await spoil?.(place);
        await isRefused(place, { change, why }, before);
        await place.edit(back);
        await place.settled();
        expect(await place.marks()).toEqual(before);
        await place.edit(change(place));
        await isRefused(place, { change, why }, before);
      } finally {
        await mend(place);
      }
      const { status } = await place.settled();
      const { plan = 'tiny' } = change(place) as { plan?: string };
      expect(status?.plan).toBe(plan);
      const after = await place.marks();
      // Its class is nothing that an app depends on; the plan is.
      expect(after).toMatchObject({ restarts: 0, app: (before.app ?? 0) + (plan === 'tiny' ? 0 : 1) });
      expect(after.pod).not.toBe(before.pod);
      expect(pods.count).toBe(2);
    },
  }),
);

async function isRefused(
  place: Place,
  { change, why }: Pick<RefusedChange, 'change' | 'why'>,
  before: object,
): Promise<void> {
  await place.edit(change(place));
  const { addon, message } = await place.refused();
  expect(message).toMatch(why);
  expect(addon.status?.plan).toBe('tiny');
  expect(condition(addon, 'Available')?.status).toBe('True');
  expect(await place.marks()).toEqual(before);
}

/** Made, and heard of by the API server. */
async function limit(place: Place, type: string, max: Record<string, string>): Promise<void> {
  await place.apply({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'small' },
    spec: { limits: [{ type, max }] },
  });
  const much = { requests: { memory: '1Gi' }, limits: { memory: '1Gi' } };
  const probe =
    type === 'Pod'
      ? { kind: 'Pod', spec: { containers: [{ name: 'c', image: 'i', resources: much }] } }
      : {
          kind: 'PersistentVolumeClaim',
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        };
  await place.space.until('the LimitRange to be in force', async () => {
    const metadata = { name: 'probe' };
    const asked = place.kubectl(['create', '--dry-run=server', '-f', '-'], {
      apiVersion: 'v1',
      metadata,
      ...probe,
    });
    return await asked.then(
      () => false,
      (error: unknown) => String(error).includes('maximum'),
    );
  });
}

async function unlimit(place: Place): Promise<void> {
  await place.kubectl(['delete', 'limitrange', 'small']);
}

interface Quota {
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

/** A quota that leaves so much beside what is used. */
async function quota(place: Place, resource: string, rest: string): Promise<void> {
  await place.kubectl(['create', 'quota', 'small', `--hard=${resource}=8Gi`]);
  const used = await place.space.until('the quota to have counted', async () => {
    const found = await place.space.kube.get<Quota>('resourcequota', 'small', place.namespace);
    const text = found?.status?.used?.[resource];
    return text !== undefined && text !== '0' && text;
  });
  await hard(place, resource, String(bytesOf(used) + bytesOf(rest)));
}

async function hard(place: Place, resource: string, amount: string): Promise<void> {
  await place.patch('resourcequota/small', { spec: { hard: { [resource]: amount } } });
  await place.space.until('the quota to be in force', async () => {
    const found = await place.space.kube.get<Quota>('resourcequota', 'small', place.namespace);
    return bytesOf(found?.status?.hard?.[resource] ?? '0') === bytesOf(amount);
  });
}

async function expansion(place: Place, allowed: boolean): Promise<void> {
  await place.patch('storageclass/bed-local', { allowVolumeExpansion: allowed });
}
