import { Gauge, type Registry } from 'prom-client';
import { oncePerScrape } from './once-per-scrape.ts';

/** The backups of one addon, or of one that is gone, in base units. What is undefined is not known. */
export interface BackupFigures {
  readonly namespace: string;
  readonly addon: string;
  /** Of the last whole one: when it was completed, seconds since the epoch. */
  readonly lastSuccess: number | undefined;
  readonly lastBytes: number | undefined;
  readonly lastDurationSeconds: number | undefined;
  /** When one was last restored for a test, seconds since the epoch. */
  readonly lastVerified: number | undefined;
  /** InfluxBackups that are there, by how far they are. */
  readonly whole: number;
  readonly failed: number;
  readonly underWay: number;
}

const GAUGES: readonly (readonly [string, string, (figures: BackupFigures) => number | undefined])[] = [
  [
    'influxaddon_backup_last_success_timestamp_seconds',
    'When the last whole backup was completed.',
    ({ lastSuccess }) => lastSuccess,
  ],
  [
    'influxaddon_backup_last_bytes',
    'Size of the last whole backup in the store.',
    ({ lastBytes }) => lastBytes,
  ],
  [
    'influxaddon_backup_last_duration_seconds',
    'How long the last whole backup took.',
    ({ lastDurationSeconds }) => lastDurationSeconds,
  ],
  [
    'influxaddon_backup_last_verified_timestamp_seconds',
    'When a backup was last restored for a test.',
    ({ lastVerified }) => lastVerified,
  ],
  ['influxaddon_backups_whole', 'Whole backups that are kept.', ({ whole }) => whole],
  ['influxaddon_backups_failed', 'Failed backups that are still to be seen.', ({ failed }) => failed],
  ['influxaddon_backups_under_way', 'Backups that are being taken or wait.', ({ underWay }) => underWay],
];

/** One sample for each addon and figure, read when asked for. */
export function observeBackupMetrics(registry: Registry, gather: () => readonly BackupFigures[]): void {
  const read = oncePerScrape(gather);
  for (const [name, help, of] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: ['namespace', 'addon'],
      registers: [registry],
      collect() {
        this.reset();
        for (const figures of read()) {
          const value = of(figures);
          if (value !== undefined) this.set({ namespace: figures.namespace, addon: figures.addon }, value);
        }
      },
    });
  }
}
