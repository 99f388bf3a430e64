import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type AddonFigures, observeAddons } from './addon-metrics.ts';

/** The operator's own metrics, by Prometheus' conventions: base units, `_total` for counters. */
export class Metrics {
  readonly registry = new Registry();
  readonly reconciles = new Counter({
    name: 'influxaddon_reconcile_total',
    help: 'Runs of a controller by outcome: done, requeued, failed, timeout.',
    labelNames: ['controller', 'outcome'],
    registers: [this.registry],
  });
  readonly reconcileSeconds = new Histogram({
    name: 'influxaddon_reconcile_duration_seconds',
    help: 'How long a run of a controller took.',
    labelNames: ['controller'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.registry],
  });
  readonly apiRequests = new Counter({
    name: 'influxaddon_api_requests_total',
    help: 'Requests to the Kubernetes API by method, resource and status code; code 0 is no answer.',
    labelNames: ['method', 'resource', 'code'],
    registers: [this.registry],
  });
  readonly relists = new Counter({
    name: 'influxaddon_relists_total',
    help: 'Full lists of a kind: one at start, more after a watch could not be resumed.',
    labelNames: ['resource'],
    registers: [this.registry],
  });
  readonly backupEvents = new Counter({
    name: 'influxaddon_backup_events_total',
    help: 'What became of backups, drills and restores, by the reason of the event that told of it.',
    labelNames: ['reason'],
    registers: [this.registry],
  });
  readonly leader = new Gauge({
    name: 'influxaddon_leader',
    help: '1 while this process leads.',
    registers: [this.registry],
  });
  readonly standby = new Gauge({
    name: 'influxaddon_standby',
    help: '1 while this process waits for another one that leads, `holder`: a `replica` of its own installation, or another `installation` that operates the same namespaces.',
    labelNames: ['because', 'holder'],
    registers: [this.registry],
  });
  readonly withoutLock = new Gauge({
    name: 'influxaddon_without_lock',
    help: '1 while this process leads without the Lease that other installations would see, since it is forbidden.',
    registers: [this.registry],
  });

  /** `holder`: undefined once nobody is waited for. */
  waitsFor(because: 'replica' | 'installation', holder: string | undefined): void {
    this.standby.reset();
    if (holder !== undefined) this.standby.set({ because, holder }, 1);
  }

  /** Gauges are read when they are asked for. */
  observe(sources: {
    /** By the name of the controller that takes from the queue. */
    queueLengths: () => ReadonlyMap<string, number>;
    addonsByStatus: () => ReadonlyMap<string, number>;
    watchAgeSeconds: () => number;
    addons: () => Iterable<AddonFigures>;
  }): void {
    observeAddons(this.registry, sources.addons);
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge(
      'influxaddon_watch_age_seconds',
      'Time since the most silent watch was last heard of: a list, an event, a bookmark, or the server that took it.',
      sources.watchAgeSeconds,
    );
    gauge('influxaddon_resident_memory_bytes', 'Resident memory of the process.', () =>
      process.memoryUsage.rss(),
    );
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    gauge(
      'influxaddon_event_loop_delay_p99_seconds',
      '99th percentile of the event loop delay since the last read.',
      () => {
        const seconds = delay.percentile(99) / 1e9;
        delay.reset();
        return seconds;
      },
    );
    const counted = (name: string, help: string, label: string, read: () => ReadonlyMap<string, number>) =>
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, count] of read()) this.set({ [label]: value }, count);
        },
      });
    counted(
      'influxaddon_queue_length',
      'What is due and not being worked on: addons, and backups, stores and restores by their controllers.',
      'controller',
      sources.queueLengths,
    );
    counted(
      'influxaddon_addons',
      'Addons by what the STATUS column shows.',
      'status',
      sources.addonsByStatus,
    );
  }
}
