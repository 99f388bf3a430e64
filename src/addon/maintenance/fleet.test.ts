import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { waitingAt } from '../../maintenance/fleet.ts';
import { isWaitingForTurn, mayBegin, memberOf } from './fleet.ts';
import { addonOf } from '../testing/fixtures.ts';

const OPEN = new Date('2026-03-10T22:00:00Z'); // a Tuesday
const SHUT = new Date('2026-03-10T12:00:00Z');
const SINCE = '2026-03-01T00:00:00Z';
const WINDOW: Partial<InfluxAddonSpec> = { maintenanceWindow: { weekday: 'Tuesday', startHour: 21 } };
const PENDING: InfluxAddonStatus = {
  observedGeneration: 1,
  maintenance: {
    pending: [
      { what: 'version 1.8.11', since: '2026-03-05T00:00:00Z' },
      { what: 'plan 1g as it is now (cpu)', since: SINCE },
    ],
  },
  conditions: [conditionOf('Ready', 'True', 'Ready')],
};

const OVERDUE: InfluxAddonStatus = {
  ...PENDING,
  maintenance: { pending: [{ what: 'certificate that was renewed', since: SINCE, latest: SINCE }] },
};

const AWAITING: InfluxAddonStatus = {
  ...PENDING,
  conditions: [
    conditionOf('Ready', 'True', 'Ready'),
    conditionOf('MaintenancePending', 'True', 'AwaitingBackup'),
  ],
};

function conditionOf(type: string, status: 'True' | 'False', reason: string) {
  return { type, status, reason, message: '', lastTransitionTime: SINCE, observedGeneration: 1 };
}

function addon(
  status: InfluxAddonStatus = PENDING,
  spec: Partial<InfluxAddonSpec> = {},
  annotations: Record<string, string> = {},
) {
  return addonOf({ ...WINDOW, ...spec }, { metadata: { annotations }, status });
}

describe('memberOf', () => {
  const ASK = { 'influxaddon.dev/maintain-now': 'a' };
  it.each([
    { given: 'in its window', of: addon(), at: OPEN, says: { asked: false, since: new Date(SINCE) } },
    { given: 'outside its window', of: addon(), at: SHUT, says: undefined },
    {
      given: 'asked for',
      of: addon(PENDING, {}, ASK),
      at: SHUT,
      says: { asked: true, since: new Date(SINCE) },
    },
    {
      given: 'asked for with a token that was acted on',
      of: addon({ ...PENDING, lastHandled: { maintainNow: 'a' } }, {}, ASK),
      at: SHUT,
      says: undefined,
    },
    { given: 'with nothing pending', of: addon({ ...PENDING, maintenance: {} }), at: OPEN, says: undefined },
    { given: 'without a status', of: addonOf(WINDOW), at: OPEN, says: undefined },
    { given: 'stopped', of: addon(PENDING, { state: 'Stopped' }), at: OPEN, says: undefined },
    {
      given: 'paused',
      of: addon(PENDING, {}, { 'influxaddon.dev/paused': 'true', ...ASK }),
      at: OPEN,
      says: undefined,
    },
    {
      given: 'that is not well',
      of: addon({ ...PENDING, conditions: [conditionOf('Ready', 'False', 'Degraded')] }),
      at: OPEN,
      says: undefined,
    },
    {
      given: 'that is not well and is asked for',
      of: addon({ ...PENDING, conditions: [conditionOf('Ready', 'False', 'Degraded')] }, {}, ASK),
      at: OPEN,
      says: { asked: true, since: new Date(SINCE) },
    },
    {
      given: 'whose spec cannot be followed',
      of: addon({ ...PENDING, conditions: [conditionOf('Stalled', 'True', 'UnknownPlan')] }, {}, ASK),
      at: OPEN,
      says: undefined,
    },
    {
      given: 'whose spec was edited',
      of: addon({ ...PENDING, observedGeneration: 0 }),
      at: OPEN,
      says: undefined,
    },
    {
      given: 'that is stalled, with a certificate that can wait no longer',
      of: addon({ ...OVERDUE, conditions: [conditionOf('Stalled', 'True', 'UnknownPlan')] }),
      at: SHUT,
      says: { asked: true, since: new Date(SINCE) },
    },
    {
      given: 'with a certificate that can wait no longer, and paused',
      of: addon(OVERDUE, {}, { 'influxaddon.dev/paused': 'true' }),
      at: SHUT,
      says: undefined,
    },
    {
      given: 'that waits for a backup',
      of: addon(AWAITING, {}, ASK),
      at: OPEN,
      says: undefined,
    },
    {
      given: 'that waits for a backup, with a certificate that can wait no longer',
      of: addon({ ...AWAITING, ...OVERDUE, conditions: AWAITING.conditions ?? [] }),
      at: SHUT,
      says: { asked: true, since: new Date(SINCE) },
    },
    {
      given: 'that is being deleted',
      of: addonOf(WINDOW, { metadata: { deletionTimestamp: SINCE }, status: PENDING }),
      at: OPEN,
      says: undefined,
    },
  ])('of an addon $given', ({ of, at, says }) => {
    const member = memberOf(of);
    expect(member.startedAt).toBeUndefined();
    expect(waitingAt(member, at)).toEqual(says && { uid: 'addon-uid', ...says });
  });

  it('counts from its status when maintenance of it began, however it is and whatever its window', () => {
    const maintenance = { ...PENDING.maintenance, startedAt: SINCE };
    const broken = { ...PENDING, maintenance, conditions: [conditionOf('Stalled', 'True', 'UnknownPlan')] };
    expect(memberOf(addon(broken))).toMatchObject({ startedAt: new Date(SINCE), wish: undefined });
    expect(mayBegin(addon(broken), SHUT)).toBe(false);
  });
});

it.each([
  ['FleetBusy', true],
  ['FleetStopped', true],
  ['OutsideWindow', false],
  ['Frozen', false],
])('who waits with the reason %s is woken when maintenance of another ends: %s', (reason, woken) => {
  const status = { ...PENDING, conditions: [conditionOf('MaintenancePending', 'True', reason)] };
  expect(isWaitingForTurn(addon(status))).toBe(woken);
});
