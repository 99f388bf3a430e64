import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddon, InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { ApiError } from '../../../kube/api/api-error.ts';
import { backoffMs } from '../../../kube/control/backoff.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { decide } from '../../decide.ts';
import type { Action, Decision } from '../../decision/action.ts';
import type { Fresh } from '../../world/fresh.ts';
import { NO_MEMORY } from '../../world/memory.ts';
import type { World } from '../../world/world.ts';
import type { Conduct } from './conduct.ts';
import { ModelActor } from './model-act.ts';
import { Refused, type ModelApi } from './model-api.ts';
import { ModelCache } from './model-cache.ts';
import type { ModelNode } from './model-node.ts';
import { ModelTeller } from './model-teller.ts';
import type { Obstacles } from './obstacles.ts';

export interface OperateOptions {
  /** Interrupted after so many actions, the storing of status among them. Infinity: not at all. */
  readonly actions: number;
  /** How it is interrupted: the process is gone with its memory, or one answer did not arrive. */
  readonly end: 'Crash' | 'AnswerLost';
  /** Objects, by `Kind/name`, whose newest state the cache has not heard of. */
  readonly stale: ReadonlySet<string>;
}

export interface ModelOperatorOptions {
  readonly api: ModelApi;
  readonly node: ModelNode;
  readonly obstacles: Obstacles;
  readonly conduct: Conduct;
  readonly addonName: string;
  readonly fresh: Fresh;
  readonly versions: World['versions'];
  readonly now: number;
  /** Told when the API server would take a change that it was asked about. */
  readonly onTakenDry: () => void;
}

/** As the operator's queue waits between tries. */
const BACKOFF = { baseMs: 5, maxMs: 60_000 };

/** One operator process after the other: the real decisions, made from a cache and carried out on the model. */
export class ModelOperator {
  readonly #options: ModelOperatorOptions;
  readonly #api: ModelApi;
  readonly #cache: ModelCache;
  readonly #actor: ModelActor;
  #teller: ModelTeller;
  #now: number;
  /** The world in which it last found nothing to do, and when it wants to look again. */
  #rested: { version: number; untilMs: number } | undefined;
  /** What it has failed in, so often in a row, and when it tries again. */
  #failing: { version: number; times: number; untilMs: number } | undefined;
  /** The version of the world that it has heard of. */
  #heard = 0;
  /** A process that has not begins with nothing. */
  #hasListed = true;

  constructor(options: ModelOperatorOptions) {
    const { api, node, obstacles, conduct, addonName, now } = options;
    this.#options = options;
    this.#api = api;
    this.#now = now;
    this.#cache = new ModelCache(api, addonName);
    this.#actor = new ModelActor(api, node, this.#cache, obstacles);
    this.#actor.onWrite = (target) => conduct.wrote(target, this.#now);
    this.#actor.onRefused = (target) => conduct.refused(target, this.#now);
    this.#actor.onTaken = (target) => conduct.allowed(target);
    this.#actor.onTakenDry = () => options.onTakenDry();
    this.#teller = this.#newTeller();
  }

  /** Everything written, but status. */
  get writes(): string[] {
    return this.#actor.writes;
  }

  set writes(writes: string[]) {
    this.#actor.writes = writes;
  }

  /** It wants promises to settle. */
  get told(): boolean {
    return this.#teller.told;
  }

  settled(): void {
    this.#teller.told = false;
  }

  /** Observes, decides and acts until there is nothing to do, or until it is interrupted. */
  operate(
    now: number,
    options: OperateOptions = { actions: Infinity, end: 'Crash', stale: new Set() },
  ): void {
    const { obstacles, conduct } = this.#options;
    this.#api.writer = 'Operator';
    try {
      this.tick(now);
      const heard = obstacles.isFailing ? this.#heard : this.#api.version;
      const waits = [this.#rested, this.#failing].some(
        (each) => each?.version === heard && now < each.untilMs,
      );
      if (waits) return;
      if (!this.#hasListed) {
        if (obstacles.isFailing) return;
        this.#cache.list();
        this.#hasListed = true;
        conduct.restarted(now);
      } else if (!obstacles.isFailing) this.#cache.sync(options.stale);
      this.#heard = heard;
      this.#rested = undefined;
      this.#passes(now, options);
      if (options.end === 'Crash' && options.actions !== Infinity) this.crash();
    } finally {
      this.#api.writer = 'Other';
    }
  }

  /** It is so late now. */
  tick(now: number): void {
    this.#now = now;
    const { writer } = this.#api;
    this.#api.writer = 'Operator';
    try {
      this.#teller.tick(now);
    } finally {
      this.#api.writer = writer;
    }
  }

  #passes(now: number, options: OperateOptions): void {
    let left = options.actions;
    for (let pass = 0; pass < 40; pass += 1) {
      const world = this.#look();
      if (world === undefined) return;
      this.#teller.looked(world.addon);
      const decision = decide(world, { now: new Date(now), fresh: this.#options.fresh });
      let action: Action | undefined;
      try {
        if (decision.actions.length === 0) {
          this.#wait(decision, now);
          if (decision.status !== undefined && !isDeepStrictEqual(decision.status, world.addon.status)) {
            const known = left > 0;
            if (!known && options.end === 'Crash') return;
            this.#store(world.addon, decision.status, known);
            left -= 1;
            if (!known) return;
            continue;
          }
          this.#rest(world.addon, decision, now);
          return;
        }
        for (action of decision.actions) {
          const known = left > 0 || options.end === 'Crash';
          if (left <= 0 && options.end === 'Crash') return;
          const outcome = this.#actor.act(world.addon, action, now, known);
          if (outcome === 'Wait') this.#fail(world.addon, action, 'Waits', now);
          if (outcome === 'Wait' || !known) return;
          left -= 1;
          if (outcome === 'Surprised') break;
        }
      } catch (reason) {
        if (!(reason instanceof Refused || reason instanceof ApiError)) throw reason;
        this.#fail(world.addon, action, reason, now);
        return; // tried again later, from a newer view
      }
    }
    throw new Error(`the operator goes on for ever: ${this.writes.slice(-12).join('; ')}`);
  }

  /** A new process: it remembers nothing, and lists everything. */
  crash(): void {
    this.#actor.memory = NO_MEMORY;
    this.#rested = undefined;
    this.#failing = undefined;
    this.#hasListed = false;
    this.#teller.stop();
    this.#teller = this.#newTeller();
    this.#options.conduct.restarted(this.#now);
  }

  #newTeller(): ModelTeller {
    return new ModelTeller({
      now: this.#now,
      find: () => this.#cache.addon,
      look: () => this.#look() as World,
      write: (addon, status) => {
        const target = `InfluxAddon/${addon.metadata.name}`;
        this.#options.obstacles.answer(target);
        this.#actor.onWrite(target);
        this.#cache.record(
          this.#api.setStatus('InfluxAddon', addon.metadata.name, status, addon.metadata),
          true,
        );
      },
    });
  }

  #look(): World | undefined {
    const seen = this.#cache.world(this.#actor.memory);
    return seen && { ...seen, versions: this.#options.versions };
  }

  #fail(addon: Live<InfluxAddon>, action: Action | undefined, reason: unknown, now: number): void {
    this.#teller.failed(addon, action, reason);
    this.#options.conduct.failed(now);
    if (reason instanceof ApiError) this.#backOff(now);
  }

  /** As if it had been tried whenever it was time for that: rounds of the model are longer than the first waits. */
  #backOff(now: number): void {
    let { times, untilMs } = this.#failing ?? { times: 0, untilMs: now };
    for (; untilMs <= now; times += 1) untilMs += backoffMs(BACKOFF, times, () => 0);
    this.#failing = { version: this.#heard, times, untilMs };
  }

  #rest(addon: Live<InfluxAddon>, decision: Decision, now: number): void {
    const untilMs = now + (decision.requeueAfterMs ?? Infinity);
    this.#failing = undefined;
    // Of a server that fails nobody hears what was changed there meanwhile.
    const version = this.#options.obstacles.isFailing ? this.#heard : this.#api.version;
    if (!this.#cache.behind) this.#rested = { version, untilMs };
    this.#teller.rested(addon, decision.status !== undefined);
    this.#options.conduct.rested();
  }

  #wait({ waitingFor }: Decision, now: number): void {
    const { memory } = this.#actor;
    if (waitingFor === memory.waiting?.what) return;
    const waiting = waitingFor === undefined ? undefined : { what: waitingFor, sinceMs: now };
    this.#actor.memory = { ...memory, waiting, diagnosis: undefined };
  }

  #store(addon: Live<InfluxAddon>, status: InfluxAddonStatus, known: boolean): void {
    const { metadata } = addon;
    this.#actor.asked(`InfluxAddon/${metadata.name}`);
    this.#cache.record(this.#api.setStatus('InfluxAddon', metadata.name, status, metadata), known);
    if (!known) return;
    this.#actor.memory = { ...this.#actor.memory, patchedApps: new Map() };
    this.#teller.rested(addon, true);
    this.#options.conduct.rested();
  }
}
