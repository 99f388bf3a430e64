import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maintenanceWindowOf, type Weekday } from '../api/addon-defaults.ts';
import { nextWindow, usableWindow, windowAt, windowInWords, type Window } from './window.ts';

const DAYS: readonly Weekday[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;

const TUESDAY_NIGHT: Window = { weekday: 'Tuesday', startHour: 21, durationHours: 8 };
const SUNDAY_NIGHT: Window = { weekday: 'Sunday', startHour: 23, durationHours: 2 };
const WHOLE_DAY: Window = { weekday: 'Friday', startHour: 0, durationHours: 24 };

const windows = fc.record({
  weekday: fc.constantFrom(...DAYS),
  startHour: fc.integer({ min: 0, max: 23 }),
  durationHours: fc.integer({ min: 1, max: 168 }),
});
const moments = fc.date({
  min: new Date('1990-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('nextWindow', () => {
  // 10 March 2026 is a Tuesday.
  it.each([
    { window: TUESDAY_NIGHT, at: '2026-03-10T20:59:59.999Z', start: '2026-03-10T21:00', open: false },
    { window: TUESDAY_NIGHT, at: '2026-03-10T21:00:00Z', start: '2026-03-10T21:00', open: true },
    { window: TUESDAY_NIGHT, at: '2026-03-11T00:00:00Z', start: '2026-03-10T21:00', open: true },
    { window: TUESDAY_NIGHT, at: '2026-03-11T04:59:59.999Z', start: '2026-03-10T21:00', open: true },
    { window: TUESDAY_NIGHT, at: '2026-03-11T05:00:00Z', start: '2026-03-17T21:00', open: false },
    { window: SUNDAY_NIGHT, at: '2026-03-15T22:00:00Z', start: '2026-03-15T23:00', open: false },
    { window: SUNDAY_NIGHT, at: '2026-03-16T00:30:00Z', start: '2026-03-15T23:00', open: true },
    { window: SUNDAY_NIGHT, at: '2026-03-16T01:00:00Z', start: '2026-03-22T23:00', open: false },
    // Summer time begins in Europe on 29 March 2026; a leap day; a new year.
    { window: SUNDAY_NIGHT, at: '2026-03-29T12:00:00Z', start: '2026-03-29T23:00', open: false },
    {
      window: { ...SUNDAY_NIGHT, weekday: 'Tuesday' as const },
      at: '2028-03-01T00:59:00Z',
      start: '2028-02-29T23:00',
      open: true,
    },
    {
      window: { ...SUNDAY_NIGHT, weekday: 'Thursday' as const },
      at: '2027-01-01T00:10:00Z',
      start: '2026-12-31T23:00',
      open: true,
    },
    { window: WHOLE_DAY, at: '2026-03-13T23:59:59Z', start: '2026-03-13T00:00', open: true },
    { window: WHOLE_DAY, at: '2026-03-14T00:00:00Z', start: '2026-03-20T00:00', open: false },
  ])(
    'of $window.weekday $window.startHour h, at $at, is $start, open: $open',
    ({ window, at, start, open }) => {
      const found = nextWindow(window, new Date(at));
      expect(found.start.toISOString()).toBe(`${start}:00.000Z`);
      expect(found.open).toBe(open);
      expect(found.end.getTime() - found.start.getTime()).toBe(window.durationHours * HOUR_MS);
    },
  );

  it('begins on its weekday and hour and is the one that is open or the soonest to open', () => {
    fc.assert(
      fc.property(windows, moments, (window, now) => {
        const { start, end, open } = nextWindow(window, now);
        expect(DAYS[start.getUTCDay()]).toBe(window.weekday);
        expect(start.toISOString()).toContain(`T${String(window.startHour).padStart(2, '0')}:00:00.000Z`);
        expect(open).toBe(start <= now && now < end);
        if (!open) {
          expect(start.getTime()).toBeGreaterThan(now.getTime());
          expect(start.getTime() - now.getTime()).toBeLessThanOrEqual(
            WEEK_MS - (end.getTime() - start.getTime()),
          );
        }
        expect(windowAt(window, now)).toEqual(open ? { start, end, open } : undefined);
      }),
    );
  });

  it('is open in exactly those hours of three weeks that a calendar says', () => {
    fc.assert(
      fc.property(windows, moments, (window, from) => {
        const first = Math.floor(from.getTime() / HOUR_MS) * HOUR_MS;
        let openHours = 0;
        for (let i = 0; i < 3 * 168; i += 1) {
          const now = new Date(first + i * HOUR_MS + 1);
          // The hours back to the start of the window's day and hour, counted on a calendar.
          let back = 0;
          const at = new Date(first + i * HOUR_MS);
          while (DAYS[at.getUTCDay()] !== window.weekday || at.getUTCHours() !== window.startHour) {
            at.setUTCHours(at.getUTCHours() - 1);
            back += 1;
          }
          const { open } = nextWindow(window, now);
          expect(open).toBe(back < window.durationHours);
          if (open) openHours += 1;
        }
        expect(openHours).toBe(3 * window.durationHours);
      }),
      { numRuns: 5 },
    );
  });

  it('is always open when it lasts a week', () => {
    fc.assert(
      fc.property(windows, moments, (window, now) => {
        expect(nextWindow({ ...window, durationHours: 168 }, now).open).toBe(true);
      }),
    );
  });

  it('gives every addon one, of 8 hours at night by default', () => {
    const window = maintenanceWindowOf({ metadata: { uid: 'a' }, spec: { plan: '1g' } });
    expect(nextWindow(window, new Date('2026-03-10T12:00:00Z')).start.getUTCHours()).toBe(21);
  });
});

describe('usableWindow', () => {
  it.each([
    { at: '2026-03-10T20:00:00Z', needs: 30, start: '2026-03-10T21:00', open: false },
    { at: '2026-03-11T04:30:00Z', needs: 30, start: '2026-03-10T21:00', open: true },
    { at: '2026-03-11T04:30:00.001Z', needs: 30, start: '2026-03-17T21:00', open: false },
    { at: '2026-03-11T00:59:00Z', needs: 6000, start: '2026-03-10T21:00', open: true },
    { at: '2026-03-11T01:01:00Z', needs: 6000, start: '2026-03-17T21:00', open: false },
  ])('for $needs minutes at $at is $start, open: $open', ({ at, needs, start, open }) => {
    const found = usableWindow(TUESDAY_NIGHT, new Date(at), needs);
    expect(found).toMatchObject({ start: new Date(`${start}:00Z`), open });
  });

  it('comes within two weeks, whatever is needed, and what begins in it has its time', () => {
    fc.assert(
      fc.property(windows, moments, fc.integer({ min: 0, max: 20_000 }), (window, now, needs) => {
        const { start, end, open } = usableWindow(window, now, needs);
        expect(start.getTime()).toBeLessThan(now.getTime() + 2 * WEEK_MS);
        const begins = open ? now : start;
        const always = window.durationHours === 168;
        const fits = end.getTime() - begins.getTime() >= needs * 60_000;
        expect(always || fits || needs * 60_000 > (window.durationHours * HOUR_MS) / 2).toBe(true);
        if (!open) expect(start.getTime()).toBeGreaterThan(now.getTime());
      }),
    );
  });
});

describe('windowInWords', () => {
  it.each([
    { window: TUESDAY_NIGHT, words: 'Tuesday 21:00-05:00 UTC' },
    { window: WHOLE_DAY, words: 'Friday 00:00-00:00 UTC' },
    { window: { ...SUNDAY_NIGHT, durationHours: 50 }, words: 'Sunday 23:00-Wednesday 01:00 UTC' },
    { window: { ...SUNDAY_NIGHT, durationHours: 168 }, words: 'always' },
  ])('says $words', ({ window, words }) => {
    expect(windowInWords(window)).toBe(words);
  });

  it('fits into its field of status', () => {
    fc.assert(
      fc.property(windows, (window) => {
        expect(windowInWords(window).length).toBeLessThanOrEqual(64);
      }),
    );
  });
});
