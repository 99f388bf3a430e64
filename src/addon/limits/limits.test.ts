import { describe, expect, it } from 'vitest';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import { usableBytes } from '../../limits/storage.ts';
import { announcements } from '../status/announcements.ts';
import { ANNOTATION } from '../world/names.ts';
import { addonOf, inForce, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { figuresOf, measuredOf } from '../testing/measured.ts';
import { containerStatus, podOf, readyStatus, settledSet } from '../testing/pods.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY, type Memory } from '../world/memory.ts';
import type { LimitCondition } from './condition.ts';
import { limitConditions } from './index.ts';

const GiB = 2 ** 30;
const HOUR = 3_600_000;
const nowMs = NOW.getTime();

interface Given extends Partial<Pick<Memory, 'growing' | 'growthRefused'>> {
  readonly plan?: string;
  readonly series?: number;
  /** Of what can be used of the volume. */
  readonly share?: number;
  readonly full?: boolean;
  /** Bytes a second. */
  readonly rate?: number;
  readonly requested?: string;
  readonly grownAt?: string;
  readonly className?: string;
  readonly autoGrow?: 'Enabled' | 'Disabled';
  readonly told?: {
    type: LimitCondition['type'];
    reason: string;
    message?: string;
    status?: 'True' | 'False';
  };
  /** Hours ago. */
  readonly killed?: number;
  readonly planBefore?: string;
}

const CAPACITY = 20 * GiB;

function worldFor(given: Given): World {
  const { plan = '1g', series = 0, share = 0, told, killed, rate, grownAt } = given;
  const dataBytes = share * usableBytes(CAPACITY) - 131_072 - series * 64;
  const samples =
    rate === undefined
      ? []
      : Array.from({ length: 10 }, (_, index) => ({
          atMs: nowMs - (9 - index) * 600_000,
          bytes: dataBytes - (9 - index) * 600 * rate,
        }));
  const claim = live({
    metadata: { annotations: grownAt === undefined ? {} : { [ANNOTATION.grownAt]: grownAt } },
    spec: {
      storageClassName: given.className ?? 'standard',
      resources: { requests: { storage: given.requested ?? '20Gi' } },
    },
    status: { capacity: { storage: '20Gi' } },
  } as PersistentVolumeClaim);
  const conditions: NonNullable<InfluxAddonStatus['conditions']> =
    told === undefined
      ? []
      : [
          {
            status: 'True',
            message: 'as told before',
            lastTransitionTime: new Date(nowMs - HOUR).toISOString(),
            observedGeneration: 1,
            ...told,
          },
        ];
  const killedAt = killed === undefined ? undefined : new Date(nowMs - killed * HOUR).toISOString();
  const lastState =
    killedAt === undefined
      ? {}
      : { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: killedAt } } };
  const container = containerStatus('influxdb', { running: {} }, lastState);
  return worldOf({
    addon: addonOf(
      { plan, ...(given.autoGrow === undefined ? {} : { storage: { autoGrow: given.autoGrow } }) },
      { status: { conditions, plan: given.planBefore ?? plan } },
    ),
    children: { ...NO_CHILDREN, claim, statefulSet: settledSet() },
    pod: podOf({ ...readyStatus(), containerStatuses: [container] }),
    memory: {
      ...NO_MEMORY,
      measured: measuredOf({
        figures: figuresOf({ series, dataBytes }),
        full: given.full ?? false,
        samples,
      }),
      growing: given.growing,
      growthRefused: given.growthRefused,
    },
  });
}

function conditionsOf(given: Given): LimitCondition[] {
  return limitConditions(worldFor(given), inForce(given.plan ?? '1g').plan, NOW);
}

function messageOf(given: Given): string | undefined {
  const [condition] = conditionsOf(given);
  return condition?.status === true ? condition.message : undefined;
}

const found = {
  atMs: nowMs,
  level: 'Near',
  found: { what: 'Tag', measurement: 'requests', tag: 'request_id' },
} as const;

describe('a database far from its limits', () => {
  it('has none of the conditions', () => {
    expect(conditionsOf({ series: 79_999, share: 0.79 })).toEqual([]);
  });

  it('keeps one that was true as false', () => {
    const told = { type: 'StorageFilling', reason: 'VolumeFilling' } as const;
    expect(conditionsOf({ told })).toEqual([
      { type: 'StorageFilling', status: false, reason: 'WithinLimit', message: '' },
    ]);
  });

  it('has said nothing anew before it was measured', () => {
    const world = worldFor({ told: { type: 'CardinalityHigh', reason: 'SeriesNearLimit' }, series: 100_000 });
    const unmeasured = { ...world, memory: NO_MEMORY };
    expect(limitConditions(unmeasured, inForce().plan, NOW)).toEqual([]);
  });
});

describe('CardinalityHigh', () => {
  it('names the measurement, the tag and the next plan that has room', () => {
    expect(conditionsOf({ series: 81_000, growing: found })).toEqual([
      {
        type: 'CardinalityHigh',
        status: true,
        reason: 'SeriesNearLimit',
        message:
          'The database has more than 80 % of the 100000 series that plan 1g is made for, most of them in measurement "requests" by the values of its tag "request_id". Each takes memory: write such values as a field and drop the series that are not needed, or set spec.plan to 2g (200000 series).',
      },
    ]);
  });

  it('waits until what grows was looked for, and is told without it when that could not be found', () => {
    expect(conditionsOf({ series: 81_000 })).toEqual([]);
    expect(messageOf({ series: 81_000, growing: { ...found, found: undefined } })).toContain(
      'made for. Each',
    );
  });

  it('is told at once of a database with so many series that counting them would be too much', () => {
    const condition = conditionsOf({ series: 250_000 })[0];
    expect(condition).toMatchObject({ status: true, reason: 'SeriesOverLimit' });
    expect(condition?.message).toContain('set spec.plan to 4g (400000 series)');
  });

  it.each([
    [{ what: 'Measurements' } as const, 'more than 2000 measurements: their names are what grows'],
    [{ what: 'Measurement', measurement: 'cpu' } as const, 'most of them in measurement "cpu". Each'],
    [
      { what: 'Tag', measurement: 'a"b\n', tag: 'x'.repeat(200) } as const,
      `"a\\"b " by the values of its tag "${'x'.repeat(79)}…"`,
    ],
  ])('says of %j: %s', (growing, words) => {
    expect(messageOf({ series: 81_000, growing: { ...found, found: growing } })).toContain(words);
  });

  it('says the same however many there are, until the limit is reached', () => {
    const [a, b] = [81_000, 99_000].map((series) => messageOf({ series, growing: found }));
    expect(a).toBe(b);
  });

  it('says so when no plan is made for so many', () => {
    const most = { plan: '32g', series: 3_100_000, growing: found };
    expect(messageOf(most)).toContain('no plan of the catalogue is made for so many');
  });
});

describe('StorageFilling', () => {
  it('names the larger plan and the growth that the spec may ask for', () => {
    expect(conditionsOf({ share: 0.81 })).toEqual([
      {
        type: 'StorageFilling',
        status: true,
        reason: 'VolumeFilling',
        message:
          'The volume (20Gi) is filling. Set spec.storage.autoGrow to Enabled (up to 40Gi), set spec.plan to 2g (40Gi), or keep less (a shorter retention policy frees space).',
      },
    ]);
  });

  it('has the day on which the volume is full', () => {
    // A tenth of 18 GiB in a day.
    const day = messageOf({ share: 0.8, rate: (usableBytes(CAPACITY) * 0.1) / 86_400 });
    expect(day).toMatch(
      /^The volume \(20Gi\) is filling, and at the present rate it is full on 2030-01-03\. /,
    );
  });

  it('is told three days before, of a volume that has room yet', () => {
    expect(messageOf({ share: 0.6, rate: (usableBytes(CAPACITY) * 0.2) / 86_400 })).toContain('2030-01-03');
    expect(messageOf({ share: 0.6, rate: (usableBytes(CAPACITY) * 0.1) / 86_400 })).toBeUndefined();
  });

  it('is not told anew when nothing but the day moves a little', () => {
    const message = messageOf({ share: 0.81, rate: (usableBytes(CAPACITY) * 0.05) / 86_400 }) ?? '';
    const told = { type: 'StorageFilling', reason: 'VolumeFilling', message } as const;
    expect(messageOf({ share: 0.82, rate: (usableBytes(CAPACITY) * 0.04) / 86_400, told })).toBe(message);
    expect(messageOf({ share: 0.82, rate: (usableBytes(CAPACITY) * 0.01) / 86_400, told })).not.toBe(message);
    expect(messageOf({ share: 0.82, rate: 0, told })).toBe(message);
    expect(messageOf({ share: 0.98, told })).not.toBe(message);
    const undated = messageOf({ share: 0.81 }) ?? '';
    const before = { ...told, message: undated };
    expect(messageOf({ share: 0.82, rate: (usableBytes(CAPACITY) * 0.05) / 86_400, told: before })).toContain(
      'full on 2030-01-0',
    );
  });

  it('says what a full volume does to writes', () => {
    const [condition] = conditionsOf({ share: 0.6, full: true });
    expect(condition).toMatchObject({ status: true, reason: 'VolumeFull' });
    expect(condition?.message).toContain('writes are refused with status 500 (no space left on device)');
  });

  const growing = { share: 0.81, autoGrow: 'Enabled' } as const;
  it.each<[string, Given, string | undefined]>([
    ['is about to grow', growing, undefined],
    ['grows', { ...growing, requested: '24Gi', grownAt: NOW.toISOString() }, undefined],
    [
      'does not come to grow',
      { ...growing, requested: '24Gi', grownAt: new Date(nowMs - HOUR).toISOString() },
      'It was asked to grow to 24Gi, which its storage driver has to do',
    ],
    [
      'grew a while ago',
      { ...growing, grownAt: new Date(nowMs - HOUR).toISOString() },
      'grows again at 2030-01-01T17:00Z; set spec.plan to 2g (40Gi) for more at once',
    ],
    [
      'has the largest size',
      { ...growing, plan: '512m' },
      'It has the largest size of plan 512m: set spec.plan to 2g',
    ],
    [
      'may not grow',
      { ...growing, growthRefused: { message: 'exceeded quota', untilMs: nowMs + 1 } },
      'It cannot be made to grow: exceeded quota',
    ],
    ['is of a class that does not grow', { ...growing, className: 'fixed' }, 'does not let volumes grow'],
  ])('of a volume that %s: %s', (_, given, words) => {
    const message = messageOf(given);
    if (words === undefined) expect(message).toBeUndefined();
    else expect(message).toContain(words);
  });
});

describe('MemoryExhausted', () => {
  it('names the next plan with more memory after a kill', () => {
    expect(conditionsOf({ killed: 0.1 })).toEqual([
      {
        type: 'MemoryExhausted',
        status: true,
        reason: 'OutOfMemory',
        message:
          'The database was killed and started again because it needed more memory than plan 1g has (1Gi). Ask for less at once (shorter ranges, fewer series), or set spec.plan to 2g (2Gi) if that happens again.',
      },
    ]);
  });

  const told = { type: 'MemoryExhausted', reason: 'OutOfMemory' } as const;
  it.each<[string, Given, boolean | undefined]>([
    ['is told for hours after', { told, killed: 5 }, true],
    ['passes after six hours without another', { told, killed: 6 }, false],
    ['is not forgotten with the pod', { told }, true],
    ['passes with a plan that has more', { told, planBefore: '512m' }, false],
    ['is not told of a kill of long ago', { killed: 7 }, undefined],
  ])('%s', (_, given, status) => {
    expect(conditionsOf(given)[0]?.status).toBe(status);
  });

  it('is nothing that a failed probe or an ordinary end makes', () => {
    const world = worldFor({});
    const ended = containerStatus(
      'influxdb',
      { running: {} },
      { lastState: { terminated: { exitCode: 137, reason: 'Error', finishedAt: NOW.toISOString() } } },
    );
    const pod = podOf({ ...readyStatus(), containerStatuses: [ended] });
    expect(limitConditions({ ...world, pod }, inForce().plan, NOW)).toEqual([]);
  });

  it('is not made of the pod of another plan that is being replaced', () => {
    const world = worldFor({ killed: 0.1 });
    const pod = {
      ...world.pod,
      metadata: { ...world.pod?.metadata, labels: { 'controller-revision-hash': 'old' } },
    };
    expect(limitConditions({ ...world, pod } as World, inForce('2g').plan, NOW)).toEqual([]);
  });
});

describe('an event', () => {
  const statusWith = (reason: string, status: 'True' | 'False' = 'True'): InfluxAddonStatus => ({
    conditions: [
      {
        type: 'StorageFilling',
        status,
        reason,
        message: `${reason}, in words`,
        lastTransitionTime: NOW.toISOString(),
        observedGeneration: 1,
      },
    ],
  });

  it.each<[string, InfluxAddonStatus | undefined, InfluxAddonStatus, number]>([
    ['tells of a limit that comes near', undefined, statusWith('VolumeFilling'), 1],
    ['tells of one that is nearer', statusWith('VolumeFilling'), statusWith('VolumeFull'), 1],
    [
      'tells of one that comes near again',
      statusWith('WithinLimit', 'False'),
      statusWith('VolumeFilling'),
      1,
    ],
    ['does not repeat itself', statusWith('VolumeFilling'), statusWith('VolumeFilling'), 0],
    ['is not made of one that has passed', statusWith('VolumeFull'), statusWith('WithinLimit', 'False'), 0],
  ])('%s', (_, before, after, events) => {
    const told = announcements(before, after);
    expect(told).toHaveLength(events);
    for (const { type, reason, note } of told)
      expect([type, reason, note]).toEqual([
        'Warning',
        'StorageFilling',
        `${after.conditions?.[0]?.reason}, in words`,
      ]);
  });
});
