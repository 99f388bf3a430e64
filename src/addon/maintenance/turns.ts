import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Clock } from '../../kube/clock.ts';
import { keyOf, type Live } from '../../kube/objects/types.ts';
import { FleetSummary } from '../../maintenance/fleet-summary.ts';
import { memberOf, waitsBecause } from './fleet.ts';
import { limitsOf, type MaintenanceSettings } from '../../maintenance/settings.ts';

type Addon = Live<InfluxAddon>;

/** Keeps the summary of the fleet up to date, and wakes those whose turn has come when somebody frees a place. */
export class Turns {
  readonly fleet = new FleetSummary();
  readonly #settings: MaintenanceSettings | undefined;
  readonly #clock: Clock;
  readonly #addons: () => Iterable<Addon>;
  readonly #wake: (key: string) => void;
  /** Where an addon is found by its UID. */
  readonly #keys = new Map<string, string>();

  constructor(options: {
    settings: MaintenanceSettings | undefined;
    clock: Clock;
    addons: () => Iterable<Addon>;
    wake: (key: string) => void;
  }) {
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#addons = options.addons;
    this.#wake = options.wake;
  }

  /** An addon has changed, come or gone. */
  follow(before: Addon | undefined, after: Addon | undefined): void {
    const now = new Date(this.#clock.now());
    const limits = limitsOf(this.#settings);
    const stopped = this.fleet.count(limits, now).failures >= Math.max(limits.maxFailures, 1);
    const uid = (after ?? before)?.metadata.uid ?? '';
    const was = this.fleet.get(uid);
    if (after === undefined) {
      this.fleet.remove(uid);
      this.#keys.delete(uid);
    } else {
      this.fleet.put(memberOf(after));
      this.#keys.set(uid, keyOf(after));
    }
    const is = this.fleet.get(uid);
    const gone = was?.startedAt !== undefined && is?.startedAt === undefined;
    const left = was?.wish !== undefined && is?.wish === undefined && is?.startedAt === undefined;
    if (!gone && !left) return;
    const count = this.fleet.count(limits, now);
    // All of them say that maintenance has stopped, which is not so any more.
    if (stopped && count.failures < Math.max(limits.maxFailures, 1)) {
      for (const addon of this.#addons())
        if (waitsBecause(addon) === 'FleetStopped') this.#wake(keyOf(addon));
    }
    for (const next of this.fleet.first(Math.max(limits.maxAtOnce, 1) - count.running, now)) {
      const key = this.#keys.get(next);
      if (key !== undefined) this.#wake(key);
    }
  }
}
