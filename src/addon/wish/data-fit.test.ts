import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { PersistentVolumeClaim, Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { dataFit } from './data-fit.ts';
import { addonOf, inForce, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { figuresOf, measuredOf } from '../testing/measured.ts';
import { containerStatus, podOf, settledSet } from '../testing/pods.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY, type Measured } from '../world/memory.ts';

const GiB = 2 ** 30;
const nowMs = NOW.getTime();
const pod = podOf();
const starting = podOf({ ...pod.status, conditions: [] });
const broken = podOf({
  conditions: [],
  initContainerStatuses: [containerStatus('bootstrap', { waiting: { reason: 'ImagePullBackOff' } })],
});

function claimOf(capacity: string): Live<PersistentVolumeClaim> {
  return live({ status: { capacity: { storage: capacity } } } as PersistentVolumeClaim);
}

function sizeOf({ bytes, ...change }: Partial<Measured> & { bytes?: number }): Measured {
  const figures = bytes === undefined ? undefined : figuresOf({ dataBytes: bytes });
  return measuredOf({ podUid: pod.metadata.uid, figures, ...change });
}

interface Given {
  /** 2g, of 40Gi, is in force. */
  readonly wish?: string;
  readonly from?: string;
  readonly capacity?: string;
  readonly pod?: Live<Pod>;
  readonly size?: Measured;
  readonly waitedMs?: number;
  readonly spec?: Partial<InfluxAddonSpec>;
  readonly status?: InfluxAddonStatus;
}

function fitOf(given: Given): ReturnType<typeof dataFit> {
  const { wish = '512m', from = '2g', capacity = '40Gi', size, waitedMs, spec = {}, status } = given;
  const waiting =
    waitedMs === undefined ? undefined : { what: 'the size of the data', sinceMs: nowMs - waitedMs };
  const world: World = worldOf({
    addon: addonOf({ plan: wish, ...spec }, { status: status ?? { plan: from } }),
    children: { ...NO_CHILDREN, claim: claimOf(capacity), statefulSet: settledSet() },
    pod: 'pod' in given ? given.pod : pod,
    memory: { ...NO_MEMORY, measured: size, waiting },
  });
  return dataFit(world, inForce(from), inForce(wish), nowMs);
}

const told: InfluxAddonStatus = {
  plan: '2g',
  conditions: [
    {
      type: 'Stalled',
      status: 'True',
      reason: 'DataTooLarge',
      message: 'as said before',
      lastTransitionTime: NOW.toISOString(),
      observedGeneration: 1,
    },
  ],
};

const table: ({ name: string; fit: 'Yes' | 'No' | 'Ask' | 'Wait' } & Given)[] = [
  { name: 'a larger plan is not measured', wish: '4g', fit: 'Yes' },
  {
    name: 'a larger plan on a volume that is larger still is not measured',
    from: '512m',
    wish: '1g',
    capacity: '80Gi',
    fit: 'Yes',
  },
  { name: 'the same plan is not measured', wish: '2g', fit: 'Yes' },
  {
    name: 'a smaller plan is not measured on a volume that is as small already',
    capacity: '10Gi',
    fit: 'Yes',
  },
  { name: 'a smaller plan is measured', fit: 'Ask' },
  { name: 'data that fits', size: sizeOf({ bytes: 10 * GiB }), fit: 'Yes' },
  { name: 'one byte too much', size: sizeOf({ bytes: 10 * GiB + 1 }), fit: 'No' },
  {
    name: 'an answer that is a minute old',
    size: sizeOf({ bytes: GiB, askedMs: nowMs - 60_000 }),
    fit: 'Ask',
  },
  { name: 'an answer of another pod', size: sizeOf({ bytes: GiB, podUid: 'before' }), fit: 'Ask' },
  { name: 'an answer from the future', size: sizeOf({ bytes: GiB, askedMs: nowMs + 5 }), fit: 'Ask' },
  { name: 'no answer a moment ago', size: sizeOf({ silentSinceMs: nowMs }), fit: 'Wait' },
  {
    name: 'no answer some seconds ago',
    size: sizeOf({ silentSinceMs: nowMs - 9_000, askedMs: nowMs - 5_000 }),
    fit: 'Ask',
  },
  { name: 'no answer for a minute', size: sizeOf({ silentSinceMs: nowMs - 60_000 }), fit: 'Yes' },
  {
    name: 'no answer for a minute, and too much data before',
    size: sizeOf({ silentSinceMs: nowMs - 60_000, bytes: 20 * GiB }),
    fit: 'No',
  },
  { name: 'a pod that is on its way', pod: starting, fit: 'Wait' },
  { name: 'a pod that has been on its way for a minute', pod: starting, waitedMs: 60_000, fit: 'Yes' },
  { name: 'a pod that cannot start', pod: broken, fit: 'Yes' },
  {
    name: 'a pod that cannot start, when this very spec was refused before',
    pod: broken,
    status: told,
    fit: 'No',
  },
  {
    name: 'a pod on its way, when this very spec was refused before',
    pod: starting,
    status: told,
    fit: 'No',
  },
  { name: 'a database that answers again, when this very spec was refused before', status: told, fit: 'Ask' },
  { name: 'a stopped database', spec: { state: 'Stopped' }, fit: 'Yes' },
  {
    name: 'a database that is started with the plan',
    status: { plan: '2g', state: 'Stopped' },
    fit: 'Yes',
  },
  {
    name: 'back to the plan of before, from one that never came up',
    status: { plan: '512m' },
    pod: starting,
    fit: 'Yes',
  },
];

describe('dataFit', () => {
  it.each(table)('$name: $fit', ({ fit, ...given }) => {
    expect(fitOf(given).fit).toBe(fit);
  });

  it('says both numbers, what goes on, and the smallest plans that are large enough', () => {
    const answer = fitOf({ size: sizeOf({ bytes: 14.15 * GiB }) });
    expect(answer).toMatchObject({ refusal: { reason: 'DataTooLarge' } });
    const message = answer.fit === 'No' ? answer.refusal.message : '';
    expect(message).toContain('spec.plan: 512m has room for 10Gi of data');
    expect(message).toContain('holds 14.2 GiB; it goes on with 2g');
    expect(message).toContain('allowed: 1g, 2g;');
  });

  it('never rounds down to the limit', () => {
    const answer = fitOf({ size: sizeOf({ bytes: 10 * GiB + 1 }) });
    expect(answer.fit === 'No' && answer.refusal.message).toContain('holds 10.1 GiB');
  });
});
