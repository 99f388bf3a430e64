import { setImmediate } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';

/** What is known of one addon, in base units. What is undefined is not known, and has no sample. */
export interface AddonFigures {
  readonly namespace: string;
  readonly name: string;
  /** Plan and version in force, and the reason of Ready. Undefined before the addon has a plan in force. */
  readonly inForce: { readonly plan: string; readonly version: string; readonly status: string } | undefined;
  readonly ready: boolean | undefined;
  readonly available: boolean | undefined;
  readonly backupsHealthy: boolean | undefined;
  readonly series: number | undefined;
  readonly seriesLimit: number | undefined;
  readonly dataBytes: number | undefined;
  readonly diskUsedBytes: number | undefined;
  readonly volumeBytes: number | undefined;
  readonly heapBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** Seconds since the epoch. */
  readonly certificateExpiry: number | undefined;
  /** Seconds since the epoch. */
  readonly measuredAt: number | undefined;
}

type Read = (figures: AddonFigures) => number | boolean | undefined;

const GAUGES: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['influxaddon_ready', '1 while the condition Ready is true.', ({ ready }) => ready],
  ['influxaddon_available', '1 while the database answers.', ({ available }) => available],
  [
    'influxaddon_backups_healthy',
    '1 while the last due backup is there and, where that is asked for, was verified.',
    ({ backupsHealthy }) => backupsHealthy,
  ],
  ['influxaddon_series', 'Series of the database.', ({ series }) => series],
  ['influxaddon_series_limit', 'Series that the plan is made for.', ({ seriesLimit }) => seriesLimit],
  ['influxaddon_data_bytes', 'Points on disk, without their index.', ({ dataBytes }) => dataBytes],
  [
    'influxaddon_disk_used_bytes',
    'What the database takes of its volume, reckoned from what the engine tells.',
    ({ diskUsedBytes }) => diskUsedBytes,
  ],
  ['influxaddon_volume_bytes', 'Size of the volume.', ({ volumeBytes }) => volumeBytes],
  ['influxaddon_engine_heap_bytes', 'Heap of the engine.', ({ heapBytes }) => heapBytes],
  ['influxaddon_memory_limit_bytes', 'Memory of the plan.', ({ memoryLimitBytes }) => memoryLimitBytes],
  [
    'influxaddon_certificate_expiry_timestamp_seconds',
    "End of the database's certificate.",
    ({ certificateExpiry }) => certificateExpiry,
  ],
  [
    'influxaddon_measured_timestamp_seconds',
    'When the database last told how large it is.',
    ({ measuredAt }) => measuredAt,
  ],
];

/** One sample for each addon and figure. Read when asked for: an addon that is gone leaves none behind. */
export function observeAddons(registry: Registry, addons: () => Iterable<AddonFigures>): void {
  // All at once, ten thousand addons would hold up the renewal of the Lease: one figure waits for the other.
  let before: Promise<void> = Promise.resolve();
  const inTurn = (collect: () => void): Promise<void> => {
    const turn = before.then(async () => {
      await setImmediate();
      collect();
    });
    // One that failed fails its own scrape, and not every one after it.
    before = turn.catch(() => {});
    return turn;
  };
  observeInForce(registry, addons, inTurn);
  for (const [name, help, read] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: ['namespace', 'addon'],
      registers: [registry],
      collect() {
        return inTurn(() => {
          this.reset();
          for (const figures of addons()) {
            const value = read(figures);
            if (value !== undefined)
              this.set({ namespace: figures.namespace, addon: figures.name }, Number(value));
          }
        });
      },
    });
  }
}

/** Words as labels of one sample: a change of plan replaces the sample and adds none, so their number stays that of the addons. */
function observeInForce(
  registry: Registry,
  addons: () => Iterable<AddonFigures>,
  inTurn: (collect: () => void) => Promise<void>,
): void {
  new Gauge({
    name: 'influxaddon_info',
    help: 'Always 1; plan and version in force and the status are its labels.',
    labelNames: ['namespace', 'addon', 'plan', 'version', 'status'],
    registers: [registry],
    collect() {
      return inTurn(() => {
        this.reset();
        for (const { namespace, name, inForce } of addons())
          if (inForce !== undefined) this.set({ namespace, addon: name, ...inForce }, 1);
      });
    },
  });
}
