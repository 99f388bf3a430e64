import { expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { type AddonFigures, observeAddons } from './addon-metrics.ts';

const figures: AddonFigures = {
  namespace: 'shop',
  name: 'my-app',
  inForce: { plan: '1g', version: '1.8.10', status: 'Ready' },
  ready: true,
  available: true,
  backupsHealthy: undefined,
  series: 12,
  seriesLimit: 100_000,
  dataBytes: undefined,
  diskUsedBytes: undefined,
  volumeBytes: undefined,
  heapBytes: undefined,
  memoryLimitBytes: undefined,
  certificateExpiry: undefined,
  measuredAt: undefined,
};

test('a scrape that failed fails alone: the next one has every figure again', async () => {
  const registry = new Registry();
  let addons = (): AddonFigures[] => {
    throw new Error('an addon that nothing can be read of');
  };
  observeAddons(registry, () => addons());
  await expect(registry.metrics()).rejects.toThrow('nothing can be read of');
  addons = () => [figures];
  const text = await registry.metrics();
  expect(text).toContain('influxaddon_series{namespace="shop",addon="my-app"} 12');
  expect(text).toContain('status="Ready"');
  expect(text).not.toContain('influxaddon_backups_healthy{');
});
