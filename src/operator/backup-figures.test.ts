import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { makeStores } from '../addon/observe/stores.ts';
import { live } from '../addon/testing/fixtures.ts';
import type { InfluxBackup } from '../api/influx-backup.ts';
import { observeBackupMetrics } from '../telemetry/backup-metrics.ts';
import { backupFigures } from './backup-figures.ts';

it('backups are told by addon: the last whole one, how long it took, and how many failed', async () => {
  const stores = makeStores();
  const make = (name: string, addon: string, status?: InfluxBackup['status']) =>
    live<InfluxBackup>({
      metadata: { name, namespace: 'shop' },
      spec: { addonRef: { name: addon } },
      ...(status === undefined ? {} : { status }),
    });
  const backups = [
    make('a', 'one', { startedAt: '2030-01-01T00:00:00Z', completedAt: '2030-01-01T00:01:00Z', bytes: 5 }),
    make('b', 'one', { startedAt: '2030-01-02T00:00:00Z', completedAt: '2030-01-02T00:00:30Z', bytes: 7 }),
    make('c', 'one', { startedAt: '2030-01-03T00:00:00Z', failedAt: '2030-01-03T00:05:00Z' }),
    make('d', 'two'),
    // Imports: of another server, whenever they were named.
    make('e', 'one', { source: 'x.tar.gz', completedAt: '2030-01-04T00:00:00Z' }),
    make('f', 'two', { sourceSecret: 'old-database', completedAt: '2030-01-04T00:00:00Z' }),
  ];
  stores.backups.replace(backups, '1000');
  const registry = new Registry();
  observeBackupMetrics(registry, () => backupFigures(stores));
  const text = await registry.metrics();
  const of = (name: string, addon: string) =>
    new RegExp(`^${name}\\{namespace="shop",addon="${addon}"\\} (.*)$`, 'm').exec(text)?.[1];
  expect(of('influxaddon_backup_last_success_timestamp_seconds', 'one')).toBe('1893542430');
  expect(of('influxaddon_backup_last_bytes', 'one')).toBe('7');
  expect(of('influxaddon_backup_last_duration_seconds', 'one')).toBe('30');
  expect([of('influxaddon_backups_whole', 'one'), of('influxaddon_backups_failed', 'one')]).toEqual([
    '2',
    '1',
  ]);
  expect(of('influxaddon_backups_under_way', 'two')).toBe('1');
  expect(of('influxaddon_backup_last_success_timestamp_seconds', 'two')).toBeUndefined();
});
