import { WEEKDAYS } from '../../src/api/addon-defaults.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';

/** A maintenance window of a spec, in UTC. */
export type Window = NonNullable<InfluxAddonSpec['maintenanceWindow']>;

const HOUR_MS = 3_600_000;

/** Has opened in this hour, and is open for most of a day. */
export function openWindow(): Window {
  return windowFrom(new Date(), 24);
}

/**
 * Opens in two days and a half: closed however long a test takes. The window of an addon that names none is drawn from
 * its UID, and would be open for one in seven addons of whoever runs tests in the night.
 */
export function closedWindow(): Window {
  return windowFrom(new Date(Date.now() + 60 * HOUR_MS), 1);
}

/** Opens at the hour of `start`. */
function windowFrom(start: Date, durationHours: number): Window {
  // Sunday is the first day of a Date, and the last of ours.
  const weekday = WEEKDAYS[(start.getUTCDay() + 6) % 7] ?? 'Monday';
  return { weekday, startHour: start.getUTCHours(), durationHours };
}
