import type { InfluxAddon, InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { ApiError } from '../../../kube/api/api-error.ts';
import type { Clock } from '../../../kube/clock.ts';
import { silentLogger } from '../../../kube/log.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Action } from '../../decision/action.ts';
import { Teller } from '../../trouble/teller.ts';
import type { World } from '../../world/world.ts';
import { Refused } from './model-api.ts';

export interface ModelTellerOptions {
  readonly now: number;
  readonly find: () => Live<InfluxAddon> | undefined;
  readonly look: () => World;
  /** Throws what the API server says against it. */
  readonly write: (addon: Live<InfluxAddon>, status: InfluxAddonStatus) => void;
}

/**
 * The operator's own teller, whose timers go off when the time of the model has come to them. Who lets time pass lets
 * promises settle after each step of it (`told`).
 */
export class ModelTeller {
  readonly #teller: Teller;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  #now: number;
  /** It has written, or tried to, since promises were settled. */
  told = false;
  /** An invariant was broken by what it wrote. */
  #broken: unknown;

  constructor({ now, find, look, write }: ModelTellerOptions) {
    this.#now = now;
    const clock: Clock = {
      now: () => this.#now,
      monotonic: () => this.#now,
      after: (ms, run) => {
        const timer = { atMs: this.#now + ms, run };
        this.#timers.add(timer);
        return { cancel: () => void this.#timers.delete(timer) };
      },
    };
    this.#teller = new Teller({
      clock,
      log: silentLogger,
      find,
      look,
      write: async (addon, status) => {
        this.told = true;
        try {
          write(addon, status);
        } catch (reason) {
          if (!(reason instanceof ApiError || reason instanceof Refused)) this.#broken ??= reason;
          throw reason;
        }
      },
    });
  }

  looked(addon: Live<InfluxAddon>): void {
    this.#teller.looked(addon);
  }

  /** `reason`: what was thrown, or `Waits`. */
  failed(addon: Live<InfluxAddon>, action: Action | undefined, reason: unknown): void {
    this.#teller.failed(addon, action, reason instanceof Refused ? conflictOf(reason) : reason);
  }

  rested(addon: Live<InfluxAddon>, said: boolean): void {
    this.#teller.rested(addon, { said });
  }

  /** It is so late now. */
  tick(now: number): void {
    this.#now = now;
    for (const timer of [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > now || !this.#timers.delete(timer)) continue;
      timer.run();
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** Its process is gone. */
  stop(): void {
    this.#teller.stop();
  }
}

function conflictOf({ code, message }: Refused): ApiError {
  return new ApiError({ code, reason: code === 404 ? 'NotFound' : 'Conflict', message });
}
