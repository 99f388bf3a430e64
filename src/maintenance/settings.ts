import type { FleetLimits } from './fleet.ts';

/** What the platform's flags say about maintenance of the whole fleet. */
export interface MaintenanceSettings {
  /** Databases in maintenance at once. */
  readonly maxAtOnce: number;
  /** Databases that have not come back from it until no further one begins. */
  readonly maxFailures: number;
  /** Nothing begins anywhere. */
  readonly freeze: boolean;
}

export const DEFAULT_MAINTENANCE: MaintenanceSettings = { maxAtOnce: 3, maxFailures: 2, freeze: false };

/** A database that is not back after so long is one that maintenance has broken. */
const PATIENCE_MINUTES = 30;

export function limitsOf(settings: MaintenanceSettings = DEFAULT_MAINTENANCE): FleetLimits {
  const { maxAtOnce, maxFailures } = settings;
  return { maxAtOnce, maxFailures, patienceMinutes: PATIENCE_MINUTES };
}
