import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAsked, mayRunNow, type PermissionRequest } from './may-run.ts';

const OPEN = new Date('2026-03-10T22:00:00Z'); // a Tuesday
const SHUT = new Date('2026-03-10T12:00:00Z');
const LATE = new Date('2026-03-11T04:50:00Z');
const PAST = new Date('2026-03-01T00:00:00Z');
const LIMITS = { maxAtOnce: 5, maxFailures: 3, patienceMinutes: 30 };
const IDLE = { running: 0, failures: 0, ahead: 0 };
const CALM: PermissionRequest = {
  window: { weekday: 'Tuesday', startHour: 21, durationHours: 8 },
  now: OPEN,
  maintainNow: undefined,
  lastHandled: undefined,
  freeze: false,
  fleet: IDLE,
  limits: LIMITS,
};

function answer(more: Partial<PermissionRequest>): string {
  const permission = mayRunNow({ ...CALM, ...more });
  return permission.run ? permission.because : permission.reason;
}

describe('mayRunNow', () => {
  const ASKED = { maintainNow: 'a' };
  const BROKEN = { fleet: { ...IDLE, failures: 3 } };
  const BUSY = { fleet: { ...IDLE, running: 5 } };
  it.each<{ given: Partial<PermissionRequest>; says: string }>([
    { given: {}, says: 'Window' },
    { given: { now: SHUT }, says: 'OutsideWindow' },
    { given: { now: LATE }, says: 'TooLittleTimeLeft' },
    { given: { now: LATE, needsMinutes: 10 }, says: 'Window' },
    { given: { ...ASKED, now: SHUT }, says: 'Asked' },
    { given: { ...ASKED, now: LATE }, says: 'Asked' },
    { given: { ...ASKED, lastHandled: 'a', now: SHUT }, says: 'OutsideWindow' },
    { given: { ...ASKED, lastHandled: 'b', now: SHUT }, says: 'Asked' },
    { given: { maintainNow: '', now: SHUT }, says: 'OutsideWindow' },
    { given: { now: SHUT, deadline: PAST }, says: 'Deadline' },
    { given: { now: SHUT, deadline: OPEN }, says: 'OutsideWindow' },
    { given: { freeze: true }, says: 'Frozen' },
    { given: { ...ASKED, freeze: true }, says: 'Frozen' },
    { given: { deadline: PAST, freeze: true }, says: 'Deadline' },
    { given: { deadline: PAST, ...BUSY, now: SHUT }, says: 'Deadline' },
    { given: { deadline: LATE, ...BUSY }, says: 'FleetBusy' },
    { given: { fleet: { ...IDLE, failures: 2 } }, says: 'Window' },
    { given: BROKEN, says: 'FleetStopped' },
    { given: { ...BROKEN, ...ASKED }, says: 'Asked' },
    { given: { ...BROKEN, deadline: PAST }, says: 'Deadline' },
    { given: { ...BROKEN, now: SHUT }, says: 'OutsideWindow' },
    { given: { fleet: { ...IDLE, running: 4 } }, says: 'Window' },
    { given: BUSY, says: 'FleetBusy' },
    { given: { ...BUSY, ...ASKED }, says: 'FleetBusy' },
    { given: { fleet: { ...IDLE, running: 3, ahead: 2 } }, says: 'FleetBusy' },
    { given: { limits: { ...LIMITS, maxAtOnce: 0, maxFailures: 0 } }, says: 'Window' },
  ])('$given: $says', ({ given, says }) => {
    expect(answer(given)).toBe(says);
  });

  it('says when to look again and what it waits for', () => {
    const until = (more: Partial<PermissionRequest>) => {
      const permission = mayRunNow({ ...CALM, ...more });
      return permission.run ? undefined : permission.until?.toISOString();
    };
    expect(until({ now: SHUT })).toBe('2026-03-10T21:00:00.000Z');
    expect(until({ now: LATE })).toBe('2026-03-17T21:00:00.000Z');
    expect(until({ now: SHUT, deadline: new Date('2026-03-10T15:00:00Z') })).toBe('2026-03-10T15:00:00.000Z');
    expect(until({ freeze: true })).toBeUndefined();
    const soon = new Date(OPEN.getTime() + 5_000);
    expect(until({ freeze: true, deadline: soon })).toBe(soon.toISOString());
    expect(until({ ...BUSY, deadline: soon })).toBe(soon.toISOString());
    expect(until(BROKEN)).toBeUndefined();
    expect(mayRunNow({ ...CALM, now: SHUT })).toHaveProperty(
      'message',
      'waits for the maintenance window of 2026-03-10T21:00:00Z',
    );
    expect(mayRunNow({ ...CALM, ...BROKEN })).toHaveProperty(
      'message',
      expect.stringContaining('3 databases have not come back'),
    );
  });

  it('never asks to be called again for a moment that has passed, and runs at the moment it named', () => {
    const windows = fc.record({
      weekday: fc.constantFrom('Monday' as const, 'Sunday' as const),
      startHour: fc.integer({ min: 0, max: 23 }),
      durationHours: fc.integer({ min: 1, max: 24 }),
    });
    const moments = fc.date({ min: PAST, max: new Date('2026-06-01T00:00:00Z'), noInvalidDate: true });
    const deadlines = fc.option(moments, { nil: undefined });
    fc.assert(
      fc.property(windows, moments, fc.nat(2000), deadlines, (window, now, needsMinutes, deadline) => {
        const request = { ...CALM, window, now, needsMinutes, deadline };
        const permission = mayRunNow(request);
        if (permission.run) return;
        expect(permission.until?.getTime()).toBeGreaterThan(now.getTime());
        expect(mayRunNow({ ...request, now: permission.until ?? now }).run).toBe(true);
      }),
    );
  });
});

describe('isAsked', () => {
  it('is a token that was not handled', () => {
    expect(isAsked('a', undefined)).toBe(true);
    expect(isAsked('a', 'b')).toBe(true);
    expect(isAsked('a', 'a')).toBe(false);
    expect(isAsked('', 'a')).toBe(false);
    expect(isAsked(undefined, 'a')).toBe(false);
  });
});
