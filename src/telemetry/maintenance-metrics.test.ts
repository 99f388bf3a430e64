import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { observeMaintenance, type MaintenanceFigures } from './maintenance-metrics.ts';

it('shows how far the fleet is, with a series for each kind', async () => {
  const registry = new Registry();
  let figures: MaintenanceFigures = {
    running: 2,
    failures: 1,
    frozen: true,
    pending: new Map([
      ['plan', 7],
      ['version', 0],
    ]),
  };
  observeMaintenance(registry, () => figures);
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
  expect(await lines()).toEqual([
    'influxaddon_maintenance_running 2',
    'influxaddon_maintenance_failures 1',
    'influxaddon_maintenance_frozen 1',
    'influxaddon_maintenance_pending{kind="plan"} 7',
    'influxaddon_maintenance_pending{kind="version"} 0',
  ]);
  figures = { running: 0, failures: 0, frozen: false, pending: new Map([['plan', 0]]) };
  expect(await lines()).toContain('influxaddon_maintenance_pending{kind="plan"} 0');
});
