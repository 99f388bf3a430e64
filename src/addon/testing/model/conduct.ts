import assert from 'node:assert/strict';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { Live } from '../../../kube/objects/types.ts';

/**
 * What an addon may cost the API server a minute while nothing new happens: a refused object is tried again every 30 s,
 * a failing server after waits that double to a minute, what others undo at most once a minute once it was undone a few
 * times. Of each that stands in its way that is two writes, and of two at least; a status that tells of it is two more.
 */
const WRITES_OF_EACH = 2;
const OBSTACLES_AT_LEAST = 2;
const STATUSES = 2;

/** After whatever happened, so long the operator may be busy with it: a minute's pause, two stops and starts of a database. */
const BUSY_MS = 180_000;

/**
 * What restarts a database or an app is put right as rarely as this, and a turn of a rotation that was taken back is
 * taken again: whenever the time of an object has come, that is something new.
 */
const RARE_MS = 240_000;

/** What lasts is told after 30 s; the rounds of the model are 10 s, and a status that could not be stored is tried again within 30 s. */
const TOLD_MS = 30_000 + 10_000 + 30_000;
/** Nobody looks at an addon that says nothing for longer than 10 s and a round. */
const FIRST_MS = 10_000 + 10_000;

/** What must hold of an operator over time, whatever stands in its way. Throws when it does not. */
export class Conduct {
  #writes: number[] = [];
  /** When each object was written last, by `Kind/name`. */
  readonly #written = new Map<string, number>();
  #busySinceMs: number;
  /** Since when this process has got nowhere, and since when a status of it would be stored. */
  #troubleSinceMs: number | undefined;
  #storableSinceMs: number | undefined;
  /** Since when a write of this object has been refused to this process, each time that it was tried. */
  readonly #refused = new Map<string, { readonly sinceMs: number; readonly atMs: number }>();
  /** Since when this process may have seen the addon. */
  #seenSinceMs: number;

  readonly #obstacles: () => number;

  /** @param obstacles how much stands in the operator's way now */
  constructor(now: number, obstacles: () => number) {
    this.#obstacles = obstacles;
    this.#busySinceMs = now;
    this.#seenSinceMs = now;
  }

  /** There is an addon that nobody has seen before. */
  appeared(now: number): void {
    this.disturbed(now);
    this.#seenSinceMs = now;
  }

  /** Something happened that the operator may have to do something about. */
  disturbed(now: number): void {
    this.#busySinceMs = now;
    this.#refused.clear(); // what was refused need not be wanted any more
  }

  /** Another process operates. */
  restarted(now: number): void {
    this.#troubleSinceMs = undefined;
    this.#refused.clear();
    this.#seenSinceMs = now;
  }

  /** A write is refused for a reason that trying again does not change. */
  refused(target: string, now: number): void {
    this.#refused.set(target, { sinceMs: this.#refused.get(target)?.sinceMs ?? now, atMs: now });
  }

  /** What was refused is taken now. */
  allowed(target: string): void {
    this.#refused.delete(target);
  }

  wrote(target: string, now: number): void {
    if (now - (this.#written.get(target) ?? now) > RARE_MS) this.#busySinceMs = now;
    this.#written.set(target, now);
    this.#writes = [...this.#writes.filter((at) => at > now - 60_000), now];
    if (now - this.#busySinceMs <= BUSY_MS) return;
    const { length } = this.#writes;
    const most = Math.max(this.#obstacles(), OBSTACLES_AT_LEAST) * WRITES_OF_EACH + STATUSES;
    assert(length <= most, `${length} writes within a minute though nothing happened`);
  }

  failed(now: number): void {
    this.#troubleSinceMs ??= now;
  }

  /** There is nothing left to do but to wait. */
  rested(): void {
    this.#troubleSinceMs = undefined;
  }

  /** `isStorable`: the API server would take a status. */
  looksAt(addon: Live<InfluxAddon> | undefined, now: number, isStorable: boolean): void {
    if (!isStorable) this.#storableSinceMs = undefined;
    else this.#storableSinceMs ??= now;
    if (addon === undefined || this.#storableSinceMs === undefined) return;
    const lasts = (sinceMs: number | undefined) =>
      now - Math.max(sinceMs ?? now, this.#storableSinceMs ?? now);
    const { conditions } = addon.status ?? {};
    assert(conditions !== undefined || lasts(this.#seenSinceMs) <= FIRST_MS, 'the addon has no status');
    this.#refusalsAreTold(addon.status ?? {}, now);
    if (lasts(this.#troubleSinceMs) <= TOLD_MS) return;
    const told = conditions?.find(({ type }) => type === 'Reconciling');
    const words = told?.status === 'True' ? told.message : undefined;
    assert(words?.startsWith('Trying to '), `what has failed for 70 s is not told: ${words}`);
  }

  /** A refusal is told, that of an app with the app; not while something else fails, which is told instead. */
  #refusalsAreTold({ conditions = [] }: NonNullable<InfluxAddon['status']>, now: number): void {
    if (this.#troubleSinceMs !== undefined) return;
    const is = (type: string) => conditions.find((each) => each.type === type)?.status;
    for (const [target, { sinceMs, atMs }] of this.#refused) {
      if (now - atMs > TOLD_MS) this.#refused.delete(target); // nobody wants it any more
      if (now - Math.max(sinceMs, this.#storableSinceMs ?? now) <= TOLD_MS || !this.#refused.has(target))
        continue;
      const told = is('Stalled') === 'True' || is('AppsCurrent') === 'False';
      assert(told, `that ${target} is refused is told nowhere`);
    }
  }
}
