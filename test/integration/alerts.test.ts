import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertGroups } from '../../build/alerts.ts';
import { promtool as promtoolBinary } from '../cluster/binaries.ts';
import { CommandError, run } from '../cluster/run-command.ts';

/** The alerts as Prometheus itself evaluates them, by promtool: when each fires, and when not. */
let folder: string;
let promtool: string;

beforeAll(async () => {
  promtool = await promtoolBinary();
  folder = await mkdtemp(join(tmpdir(), 'alerts-'));
  await writeFile(join(folder, 'alerts.yaml'), dump(alertGroups));
});
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const LABELS = '{namespace="shop",addon="my-app"}';
const HOUR = 60;

/** Samples a minute apart, in the notation of promtool: a constant, or `start+step`. */
type Samples = Readonly<Record<string, string>>;

interface Case {
  readonly alert: string;
  /** Each of these, where there are several. */
  readonly fires: Samples | readonly Samples[];
  /** The same alert says nothing of these. */
  readonly quiet: readonly Samples[];
  /** Minutes after which it fires; the longest of any is looked at for silence. */
  readonly after: number;
}

const on = (metric: string, values: string): Samples => ({ [`${metric}${LABELS}`]: values });
const up = on('influxaddon_available', '1x3000');

const CASES: readonly Case[] = [
  {
    alert: 'InfluxAddonUnavailable',
    fires: { ...on('influxaddon_available', '0x60'), ...on('influxaddon_ready', '0x60') },
    quiet: [{ ...on('influxaddon_available', '0x60'), ...on('influxaddon_ready', '1x60') }, up],
    after: 10,
  },
  {
    alert: 'InfluxAddonNotReady',
    fires: on('influxaddon_ready', '0x60'),
    quiet: [on('influxaddon_ready', '1x60'), on('influxaddon_ready', '0x20 1x40')],
    after: 40,
  },
  {
    alert: 'InfluxAddonBackupsUnhealthy',
    fires: on('influxaddon_backups_healthy', '0x60'),
    quiet: [on('influxaddon_backups_healthy', '1x60')],
    after: 30,
  },
  {
    alert: 'InfluxAddonBackupTooOld',
    fires: [
      {
        ...up,
        ...on('influxaddon_backup_last_success_timestamp_seconds', '0x3000'),
        ...on('influxaddon_backups_healthy', '0x3000'),
      },
      // There never was one.
      { ...up, ...on('influxaddon_backups_healthy', '0x3000') },
    ],
    quiet: [
      // The first has been missing for less, or is there by now.
      { ...up, ...on('influxaddon_backups_healthy', '1x600 0x2400') },
      {
        ...up,
        ...on('influxaddon_backups_healthy', '0x3000'),
        ...on('influxaddon_backup_last_success_timestamp_seconds', '_x600 36000x2400'),
      },
      on('influxaddon_backups_healthy', '0x3000'),
      { ...up, ...on('influxaddon_backup_last_success_timestamp_seconds', '0x3000') },
      on('influxaddon_backup_last_success_timestamp_seconds', '0x3000'),
    ],
    after: 37 * HOUR,
  },
  {
    alert: 'InfluxAddonCertificateExpiring',
    fires: on('influxaddon_certificate_expiry_timestamp_seconds', '500000x120'),
    quiet: [on('influxaddon_certificate_expiry_timestamp_seconds', '5000000x120')],
    after: 90,
  },
  {
    alert: 'InfluxAddonStorageFilling',
    fires: {
      ...on('influxaddon_disk_used_bytes', '600+0.1x600'),
      ...on('influxaddon_volume_bytes', '1000x600'),
    },
    quiet: [
      { ...on('influxaddon_disk_used_bytes', '600x600'), ...on('influxaddon_volume_bytes', '1000x600') },
      { ...on('influxaddon_disk_used_bytes', '10+0.3x600'), ...on('influxaddon_volume_bytes', '1000x600') },
    ],
    after: 8 * HOUR,
  },
  {
    alert: 'InfluxAddonStorageFull',
    fires: { ...on('influxaddon_disk_used_bytes', '950x60'), ...on('influxaddon_volume_bytes', '1000x60') },
    quiet: [{ ...on('influxaddon_disk_used_bytes', '850x60'), ...on('influxaddon_volume_bytes', '1000x60') }],
    after: 20,
  },
  {
    alert: 'InfluxAddonCardinalityHigh',
    fires: { ...on('influxaddon_series', '95x60'), ...on('influxaddon_series_limit', '100x60') },
    quiet: [{ ...on('influxaddon_series', '80x60'), ...on('influxaddon_series_limit', '100x60') }],
    after: 40,
  },
  {
    alert: 'InfluxAddonNotMeasured',
    fires: { ...up, ...on('influxaddon_measured_timestamp_seconds', '0x300') },
    quiet: [on('influxaddon_measured_timestamp_seconds', '0x300')],
    after: 3 * HOUR,
  },
  {
    alert: 'InfluxAddonUpgradeStuck',
    fires: [
      { influxaddon_maintenance_failures: '1x120' },
      // The version is a label too, and changes on the way.
      {
        'influxaddon_info{namespace="shop",addon="a",version="1.7.11",status="Upgrading"}': '1x40 stale',
        'influxaddon_info{namespace="shop",addon="a",version="1.8.10",status="Upgrading"}': '_x40 1x80',
      },
    ],
    quiet: [
      {
        'influxaddon_info{namespace="shop",addon="a",status="Ready"}': '1x120',
        influxaddon_maintenance_failures: '0x120',
      },
      // Each for forty minutes.
      {
        'influxaddon_addons{status="Upgrading"}': '1x120',
        'influxaddon_info{namespace="shop",addon="a",status="Upgrading"}': '1x40 stale',
        'influxaddon_info{namespace="shop",addon="b",status="Upgrading"}': '_x40 1x40 stale',
        'influxaddon_info{namespace="shop",addon="c",status="Upgrading"}': '_x80 1x40 stale',
      },
    ],
    after: 90,
  },
  {
    alert: 'InfluxAddonBackupsFailing',
    fires: { 'influxaddon_backup_events_total{reason="RestoreFailed"}': '0x20 1x40' },
    quiet: [
      { 'influxaddon_backup_events_total{reason="BackupFailed"}': '5x60' },
      { 'influxaddon_backup_events_total{reason="BackupRetrying"}': '0+1x60' },
    ],
    after: 30,
  },
  {
    alert: 'InfluxAddonOperatorAbsent',
    fires: [
      { 'influxaddon_leader{pod="a"}': '0x60' },
      // Another installation works, and is not what this one waits for.
      {
        'influxaddon_leader{namespace="a",pod="a"}': '0x60',
        'influxaddon_standby{namespace="a",pod="a",because="replica",holder="gone"}': '1x60',
        'influxaddon_leader{namespace="b",pod="b"}': '1x60',
      },
    ],
    quiet: [
      { 'influxaddon_leader{pod="a"}': '0x60', 'influxaddon_leader{pod="b"}': '1x60' },
      {
        'influxaddon_leader{namespace="a",pod="a"}': '0x60',
        'influxaddon_standby{namespace="a",pod="a",because="installation",holder="b"}': '1x60',
        'influxaddon_leader{namespace="b",pod="b"}': '1x60',
      },
    ],
    after: 10,
  },
  {
    alert: 'InfluxAddonOperatorStuck',
    fires: [
      {
        influxaddon_leader: '1x60',
        influxaddon_queue_length: '3x60',
        'influxaddon_reconcile_total{outcome="done"}': '7x60',
      },
      { influxaddon_leader: '1x60', influxaddon_watch_age_seconds: '1000x60' },
      // Another installation works.
      {
        'influxaddon_leader{namespace="a"}': '1x60',
        'influxaddon_leader{namespace="b"}': '1x60',
        'influxaddon_queue_length{namespace="a",controller="addon"}': '3x60',
        'influxaddon_reconcile_total{namespace="a",controller="addon",outcome="done"}': '7x60',
        'influxaddon_reconcile_total{namespace="b",controller="addon",outcome="done"}': '7+1x60',
      },
      // The others work.
      {
        'influxaddon_leader{pod="a"}': '1x60',
        'influxaddon_queue_length{pod="a",controller="addon"}': '0x60',
        'influxaddon_queue_length{pod="a",controller="backup"}': '3x60',
        'influxaddon_reconcile_total{pod="a",controller="addon",outcome="done"}': '7+1x60',
        'influxaddon_reconcile_total{pod="a",controller="backup",outcome="done"}': '5x60',
      },
      // One that has never done anything has no count.
      {
        'influxaddon_leader{pod="a"}': '1x60',
        'influxaddon_queue_length{pod="a",controller="restore"}': '1x60',
        'influxaddon_reconcile_total{pod="a",controller="addon",outcome="done"}': '7+1x60',
      },
    ],
    quiet: [
      // What waits to lead does nothing, and what leads has nothing to do there.
      {
        'influxaddon_leader{pod="a"}': '1x60',
        'influxaddon_leader{pod="b"}': '0x60',
        'influxaddon_queue_length{pod="a",controller="backup"}': '0x60',
        'influxaddon_queue_length{pod="b",controller="backup"}': '3x60',
        'influxaddon_reconcile_total{pod="a",controller="addon",outcome="done"}': '7+1x60',
        'influxaddon_reconcile_total{pod="a",controller="backup",outcome="done"}': '5x60',
      },
      {
        'influxaddon_leader{pod="a"}': '1x60',
        'influxaddon_queue_length{pod="a",controller="backup"}': '3x60',
        'influxaddon_reconcile_total{pod="a",controller="backup",outcome="done"}': '5+1x60',
      },
      // Where every addon is stopped or paused, whoever leads has nothing to do at all.
      {
        'influxaddon_leader{pod="a"}': '1x60',
        'influxaddon_leader{pod="b"}': '0x60',
        'influxaddon_queue_length{pod="a",controller="addon"}': '0x60',
        'influxaddon_queue_length{pod="b",controller="addon"}': '3x60',
        'influxaddon_reconcile_total{pod="a",controller="addon",outcome="done"}': '7x60',
      },
      { influxaddon_queue_length: '3x60', 'influxaddon_reconcile_total{outcome="done"}': '7+1x60' },
      { influxaddon_queue_length: '0x60', influxaddon_watch_age_seconds: '300x60' },
    ],
    after: 30,
  },
  {
    alert: 'InfluxAddonOperatorFailing',
    fires: [
      {
        'influxaddon_reconcile_total{outcome="failed"}': '0+9x60',
        'influxaddon_reconcile_total{outcome="done"}': '0+1x60',
      },
      // Another installation does well.
      {
        'influxaddon_reconcile_total{namespace="a",outcome="failed"}': '0+9x60',
        'influxaddon_reconcile_total{namespace="b",outcome="done"}': '0+90x60',
      },
    ],
    quiet: [
      {
        'influxaddon_reconcile_total{outcome="failed"}': '0+1x60',
        'influxaddon_reconcile_total{outcome="done"}': '0+9x60',
      },
    ],
    after: 40,
  },
];

test('the rules are what Prometheus reads, and each of them is tried', async () => {
  await run(promtool, ['check', 'rules', join(folder, 'alerts.yaml')]);
  const names = alertGroups.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  expect(CASES.map(({ alert }) => alert)).toEqual(names);
});

test.each(CASES)(
  '$alert fires when it has to and is quiet otherwise',
  async ({ alert, fires, quiet, after }) => {
    for (const samples of [fires].flat()) {
      const loud = await failures(alert, samples, after);
      expect(loud, `${alert} does not fire`).toContain('got:[');
      expect(loud).toContain(alert);
    }
    for (const samples of quiet) expect(await failures(alert, samples, after)).toBe('');
  },
);

/** What promtool says to the expectation that the alert does not fire; empty if it does not. */
async function failures(alert: string, samples: Samples, minutes: number): Promise<string> {
  const test = {
    rule_files: [join(folder, 'alerts.yaml')],
    // Of days, one evaluation in ten minutes is enough.
    evaluation_interval: minutes > 10 * HOUR ? '10m' : '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(samples).map(([series, values]) => ({ series, values })),
        alert_rule_test: [{ eval_time: `${minutes}m`, alertname: alert, exp_alerts: [] }],
      },
    ],
  };
  const file = join(folder, `${alert}.test.yaml`);
  await writeFile(file, dump(test));
  try {
    await run(promtool, ['test', 'rules', file]);
    return '';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.message;
  }
}
