import { Gauge, type Registry } from 'prom-client';
import { oncePerScrape } from './once-per-scrape.ts';

/** The fleet, as far as maintenance by the platform is concerned. */
export interface MaintenanceFigures {
  readonly running: number;
  /** Databases that have not come back from it. */
  readonly failures: number;
  readonly frozen: boolean;
  /** Addons for which something of a kind waits, for every kind, also when it is 0; an addon may wait for several. */
  readonly pending: ReadonlyMap<string, number>;
}

/** Registers what an operations team looks at while a change of the catalogue goes through a fleet. */
export function observeMaintenance(registry: Registry, gather: () => MaintenanceFigures): void {
  const read = oncePerScrape(gather);
  const registers = [registry];
  const gauge = (name: string, help: string, of: (figures: MaintenanceFigures) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(of(read()));
      },
    });
  gauge('influxaddon_maintenance_running', 'Databases in maintenance.', ({ running }) => running);
  gauge(
    'influxaddon_maintenance_failures',
    'Databases that have not come back from maintenance; after so many none begins any more.',
    ({ failures }) => failures,
  );
  gauge('influxaddon_maintenance_frozen', '1 while no maintenance begins anywhere.', ({ frozen }) =>
    Number(frozen),
  );
  new Gauge({
    name: 'influxaddon_maintenance_pending',
    help: 'Addons for which something of a kind waits for the maintenance window.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of read().pending) this.set({ kind }, count);
    },
  });
}
