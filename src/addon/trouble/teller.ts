import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Clock, Timer } from '../../kube/clock.ts';
import type { Logger } from '../../kube/log.ts';
import { keyOf, type Live } from '../../kube/objects/types.ts';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { Action } from '../decision/action.ts';
import type { World } from '../world/world.ts';
import { isSame, isToldIn, troubledStatus, troubleOf, type Trouble } from './trouble.ts';

/** An addon that was looked at has a status after this. */
const FIRST_MS = 10_000;
/** What fails for this long is told; and when what fails is another thing then, it is told after as long again. */
const LASTING_MS = 30_000;
/** Other words for the same are told this often. */
const WORDS_MS = 10 * 60_000;
/** A status that could not be stored is tried again after this, and after twice as long each time, up to the last. */
const AGAIN_MS = 5_000;
const LAST_AGAIN_MS = 30_000;

export interface TellerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly find: (key: string) => Live<InfluxAddon> | undefined;
  readonly look: (addon: Live<InfluxAddon>) => World;
  readonly write: (addon: Live<InfluxAddon>, status: InfluxAddonStatus, signal: AbortSignal) => Promise<void>;
}

interface Entry {
  readonly uid: string;
  /** When it was first looked at; monotonic, as all times here. */
  readonly seenMs: number;
  trouble?: Trouble | undefined;
  /** Since when nothing has got through. */
  sinceMs?: number | undefined;
  told?: { readonly trouble: Trouble | undefined; readonly atMs: number } | undefined;
  timer?: Timer | undefined;
  notBeforeMs?: number | undefined;
  /** How often in a row it could not be stored. */
  failures?: number | undefined;
  /** It is being written. */
  busy?: true | undefined;
}

/**
 * Stores a status for addons whose reconciliation gets nowhere. By timers of its own: neither what fails nor what hangs
 * nor a queue that is long keeps it from that.
 */
export class Teller {
  readonly #options: TellerOptions;
  /** By key: addons that nothing was said of yet, and those in trouble. */
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** It is being worked on. */
  looked(addon: Live<InfluxAddon>): void {
    if (this.#entries.get(keyOf(addon))?.uid === addon.metadata.uid || !isBlank(addon)) return;
    this.#plan(keyOf(addon), this.#entryOf(addon));
  }

  /** An action, or without one the storing of its status, came to nothing. */
  failed(addon: Live<InfluxAddon>, action: Action | undefined, failure: unknown): void {
    const entry = this.#entryOf(addon);
    const trouble = troubleOf(action, failure);
    if (entry.trouble === undefined && entry.told === undefined && isToldIn(addon.status, trouble))
      entry.told = { trouble, atMs: this.#nowMs };
    entry.trouble = trouble;
    entry.sinceMs ??= this.#nowMs;
    this.#plan(keyOf(addon), entry);
  }

  /** Everything got through that there was to do. */
  rested(addon: Live<InfluxAddon>, { said }: { readonly said: boolean }): void {
    const key = keyOf(addon);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (said || !isBlank(addon)) {
      this.#drop(key);
      return;
    }
    entry.trouble = undefined;
    entry.sinceMs = undefined;
    this.#plan(key, entry);
  }

  /** There is no such addon any more. */
  gone(key: string): void {
    this.#drop(key);
  }

  /** Says nothing from now on. */
  stop(): void {
    this.#stop.abort();
    for (const key of this.#entries.keys()) this.#drop(key);
  }

  get #nowMs(): number {
    return this.#options.clock.monotonic();
  }

  #entryOf(addon: Live<InfluxAddon>): Entry {
    const key = keyOf(addon);
    const present = this.#entries.get(key);
    if (present?.uid === addon.metadata.uid) return present;
    this.#drop(key);
    const entry: Entry = { uid: addon.metadata.uid, seenMs: this.#nowMs };
    this.#entries.set(key, entry);
    return entry;
  }

  #drop(key: string): void {
    this.#entries.get(key)?.timer?.cancel();
    this.#entries.delete(key);
  }

  #plan(key: string, entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    if (entry.busy || this.#stop.signal.aborted) return;
    const dueMs = Math.max(dueOf(entry, this.#options.find(key)), entry.notBeforeMs ?? 0);
    if (dueMs === Infinity) return;
    entry.timer = this.#options.clock.after(Math.max(0, dueMs - this.#nowMs), () => {
      void this.#tell(key, entry);
    });
  }

  async #tell(key: string, entry: Entry): Promise<void> {
    const { find, look, write, clock, log } = this.#options;
    const addon = find(key);
    if (addon?.metadata.uid !== entry.uid) {
      this.#drop(key);
      return;
    }
    const { trouble } = entry;
    entry.busy = true;
    try {
      const world = look(addon);
      // In a namespace that goes, there is nobody to be told.
      if (!world.namespaceTerminating && (trouble !== undefined || isBlank(addon)))
        await write(addon, troubledStatus(world, trouble, new Date(clock.now())), this.#stop.signal);
      entry.told = { trouble, atMs: this.#nowMs };
      entry.failures = 0;
    } catch (error) {
      const { failures = 0 } = entry;
      entry.notBeforeMs = this.#nowMs + Math.min(AGAIN_MS * 2 ** failures, LAST_AGAIN_MS);
      entry.failures = failures + 1;
      log.debug({ key, err: error }, 'a status could not be stored; it will be tried again');
    } finally {
      entry.busy = undefined;
    }
    if (this.#entries.get(key) === entry) this.#plan(key, entry);
  }
}

/** Nothing was said of it yet. */
function isBlank({ status }: Live<InfluxAddon>): boolean {
  return status?.conditions === undefined;
}

function dueOf(
  { told, trouble, seenMs, sinceMs = Infinity }: Entry,
  addon: Live<InfluxAddon> | undefined,
): number {
  const firstMs = told === undefined && addon !== undefined && isBlank(addon) ? seenMs + FIRST_MS : Infinity;
  if (trouble === undefined) return firstMs;
  if (told?.trouble === undefined) return Math.min(firstMs, sinceMs + LASTING_MS);
  if (!isSame(told.trouble, trouble)) return told.atMs + LASTING_MS;
  return told.trouble.words === trouble.words ? Infinity : told.atMs + WORDS_MS;
}
