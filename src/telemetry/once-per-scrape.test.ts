import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { observeBackupMetrics } from './backup-metrics.ts';
import { observeMaintenance } from './maintenance-metrics.ts';

const ONE = {
  namespace: 'shop',
  addon: 'one',
  lastSuccess: 1,
  lastBytes: 2,
  lastDurationSeconds: 3,
  lastVerified: 4,
  failed: 0,
  underWay: 0,
};

it.each([
  [
    'of backups',
    (registry: Registry, count: () => number) =>
      observeBackupMetrics(registry, () => [{ ...ONE, whole: count() }]),
    /^influxaddon_backups_whole\{.*\} (\d+)$/m,
  ],
  [
    'of maintenance',
    (registry: Registry, count: () => number) =>
      observeMaintenance(registry, () => ({
        running: count(),
        failures: 0,
        frozen: false,
        pending: new Map([['plan', 1]]),
      })),
    /^influxaddon_maintenance_running (\d+)$/m,
  ],
])(
  'what all gauges %s are read from is gathered once for a scrape, and anew for the next',
  async (_, observe, line) => {
    const registry = new Registry();
    let times = 0;
    observe(registry, () => (times += 1));
    for (const scrape of [1, 2]) {
      const text = await registry.metrics();
      expect([times, line.exec(text)?.[1]]).toEqual([scrape, String(scrape)]);
    }
    // Two that come together each have a whole one.
    const both = await Promise.all([registry.metrics(), registry.metrics()]);
    expect(both[0]).toBe(both[1]);
  },
);
