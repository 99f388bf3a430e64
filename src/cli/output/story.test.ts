import { describe, expect, test } from 'vitest';
import type { InfluxAddon, InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { plans, versions } from '../../api/catalogue.ts';
import type { Live } from '../../kube/objects/types.ts';
import { duration, relative } from './ago.ts';
import { previewPlan } from '../edits/preview.ts';
import { progressOf } from './progress.ts';
import { story } from './story.ts';
import { judgeVersion } from '../edits/version-wish.ts';

const NOW = new Date('2026-06-02T12:00:00Z');

function addonOf(
  spec: Partial<InfluxAddonSpec>,
  status: InfluxAddonStatus | undefined,
  conditions: Readonly<
    Record<string, readonly [status: 'True' | 'False', reason: string, message: string]>
  > = {},
): Live<InfluxAddon> {
  const lastTransitionTime = '2026-06-02T11:00:00Z';
  return {
    metadata: { name: 'my-app', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 2 },
    spec: {
      plan: '1g',
      maintenanceWindow: { weekday: 'Thursday', startHour: 21, durationHours: 8 },
      ...spec,
    },
    ...(status === undefined
      ? {}
      : {
          status: {
            ...status,
            conditions: Object.entries(conditions).map(([type, [is, reason, message]]) => ({
              type,
              status: is,
              reason,
              message,
              lastTransitionTime,
            })),
          },
        }),
  };
}

const RUNNING = { observedGeneration: 2, id: 'my_app_3707', plan: '1g', version: '1.8.10' } as const;
const READY = { Ready: ['True', 'Ready', 'it answers'] } as const;

describe('the story of an addon', () => {
  test('promises to renew no certificate but those of the operator', () => {
    const status = { ...RUNNING, certificate: { notAfter: '2026-06-12T12:00:00Z' } };
    const told = (spec: Partial<InfluxAddonSpec>) => story(addonOf(spec, status, READY), NOW).join('\n');
    expect(told({})).toContain('the certificate ends 2026-06-12 12:00 UTC (in 10d), and is renewed before');
    expect(told({ tls: { mode: 'Required', certificateRef: { name: 'mine' } } })).toContain(
      'the certificate ends 2026-06-12 12:00 UTC (in 10d), and is yours to renew, in the Secret mine',
    );
  });

  test('says what happens, since when, and what is next, with times', () => {
    const maintenance = { pending: [{ what: 'patch 1.8.11', since: '2026-06-01T00:00:00Z' }] };
    const backups = { next: '2026-06-03T00:30:00Z' };
    const lines = story(addonOf({}, { ...RUNNING, maintenance, backups }, READY), NOW);
    expect(lines).toEqual([
      'my-app (my_app_3707): Ready',
      'now       it answers',
      'since     1h ago',
      'plan      1g',
      'version   1.8.10',
      'next:',
      '  - the maintenance window (Thursday 21:00-05:00 UTC) opens 2026-06-04 21:00 UTC (in 2d9h)',
      '  - waits for it: patch 1.8.11; kubectl influx maintain brings it now',
      '  - a backup 2026-06-03 00:30 UTC (in 12h)',
    ]);
  });

  test('says why nothing more happens, and what a limit asks for', () => {
    const addon = addonOf({ plan: '3g' }, RUNNING, {
      Ready: ['False', 'Blocked', 'spec.plan: 3g is not in the catalogue'],
      Stalled: ['True', 'UnknownPlan', 'spec.plan: 3g is not in the catalogue.'],
      StorageFilling: ['True', 'VolumeFilling', 'full in 3 days; 2g has more'],
    });
    const text = story(addon, NOW).join('\n');
    expect(text).toContain(
      'UnknownPlan: spec.plan: 3g is not in the catalogue. Nothing more happens until you act.',
    );
    expect(text).toContain('1g, and 3g is asked for');
    expect(text).toContain('  - StorageFilling: full in 3 days; 2g has more');
  });

  test('of one that nobody has seen yet says so', () => {
    expect(story(addonOf({}, undefined), NOW)[0]).toBe('my-app: not seen by the operator yet');
  });
});

describe('progress', () => {
  test.each([
    ['Working', { ...RUNNING, observedGeneration: 1 }, READY],
    ['Working', RUNNING, { Ready: ['False', 'ChangingPlan', 'm'] }],
    ['Working', RUNNING, { Ready: ['True', 'RestartingApps', 'm'] }],
    ['Done', RUNNING, READY],
    ['Done', RUNNING, { Ready: ['True', 'Stopped', 'm'] }],
    ['Stuck', RUNNING, { Ready: ['False', 'Blocked', 'm'], Stalled: ['True', 'UnknownPlan', 'm'] }],
    ['Stuck', RUNNING, { Ready: ['False', 'Paused', 'm'] }],
    ['Stuck', RUNNING, { ...READY, AppsCurrent: ['False', 'WaveStopped', 'm'] }],
  ] as const)('is %s', (state, status, conditions) => {
    expect(progressOf(addonOf({}, status, conditions)).state).toBe(state);
  });
});

describe('a preview', () => {
  const live = <T extends object>(objects: readonly T[]) => objects as readonly (T & Live<object>)[];

  test('names what grows and who is restarted', () => {
    const addon = addonOf({ apps: [{ name: 'web' }, { kind: 'DaemonSet', name: 'agent' }] }, RUNNING);
    const { lines, refusal } = previewPlan(addon, '2g', live(plans));
    expect(refusal).toBeUndefined();
    expect(lines).toContain('memory: 1Gi -> 2Gi');
    expect(lines.at(-1)).toBe('Then each of these is restarted once: Deployment web, DaemonSet agent.');
  });

  test('of a smaller plan says that the volume stays, of an unknown one what is allowed', () => {
    const addon = addonOf({}, RUNNING);
    expect(previewPlan(addon, '512m', live(plans)).lines.join()).toContain(
      'the volume stays as large as it is',
    );
    expect(previewPlan(addon, '3g', live(plans)).refusal).toMatch(/there is no plan 3g; allowed: .*512m/);
  });

  test('of a version is the decision of the operator', () => {
    const addon = addonOf({}, RUNNING);
    expect(judgeVersion(addon, '1.8.10', live(versions))).toMatchObject({ accepted: true });
    expect(judgeVersion(addon, '1.7', live(versions))).toMatchObject({ accepted: false });
  });
});

test.each([
  [5_000, '5s'],
  [125_000, '2m5s'],
  [3_600_000, '1h'],
  [93_600_000, '1d2h'],
  [40 * 86_400_000, '40d'],
])('%i ms are %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
  expect(relative(new Date(NOW.getTime() - ms).toISOString(), NOW)).toBe(`${words} ago`);
});
