import { ModelCache, relabelled } from './model-cache.ts';
import { deletedClaim, isAsSeen, isRefused, type ActOutcome } from './model-checks.ts';
import { appPatched, ownersFound } from './model-apps.ts';
import { growthRefused, repaired } from './model-children.ts';
import { dryRunAnswered, measured, refused, spokenWith } from './model-database.ts';
import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { belonging } from '../../act/objects.ts';
import { afterWrite } from '../../children/contested/restless.ts';
import type { Action, CreateAction, FindClaimAction, Decision } from '../../decision/action.ts';
import { describe } from '../../decision/describe.ts';
import { keptLabels } from '../../world/names.ts';
import { type World } from '../../world/world.ts';
import { NO_MEMORY, type Memory } from '../../world/memory.ts';
import { decide } from '../../decide.ts';
import { targetOf } from '../../decision/findings.ts';
import type { Fresh } from '../../world/fresh.ts';
import { Refused, type ModelApi } from './model-api.ts';
import type { ModelNode } from './model-node.ts';

export interface OperateOptions {
  /** Interrupted after so many actions, the storing of status among them. Infinity: not at all. */
  readonly actions: number;
  /** How it is interrupted: the process is gone with its memory, or one answer did not arrive. */
  readonly end: 'Crash' | 'AnswerLost';
  /** Objects, by `Kind/name`, whose newest state the cache has not heard of. */
  readonly stale: ReadonlySet<string>;
}

/** One operator process after the other: the real decisions, made from a cache and carried out on the model. */
export class ModelOperator {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #fresh: Fresh;
  readonly #versions: World['versions'];
  readonly #cache: ModelCache;
  #memory: Memory = NO_MEMORY;
  /** The world in which it last found nothing to do, and when it wants to look again. */
  #rested: { version: number; untilMs: number } | undefined;
  /** Writes of this object, `Kind/name`, are refused. */
  refuses: string | undefined;
  /** Why a claim may not ask for another size by itself. */
  refusesResize: string | undefined;
  /** Everything written, but status. */
  writes: string[] = [];

  constructor(options: {
    api: ModelApi;
    node: ModelNode;
    addonName: string;
    fresh: Fresh;
    versions: World['versions'];
  }) {
    this.#api = options.api;
    this.#node = options.node;
    this.#fresh = options.fresh;
    this.#versions = options.versions;
    this.#cache = new ModelCache(options.api, options.addonName);
  }

  /** Observes, decides and acts until there is nothing to do, or until it is interrupted. */
  operate(
    now: number,
    options: OperateOptions = { actions: Infinity, end: 'Crash', stale: new Set() },
  ): void {
    this.#api.writer = 'Operator';
    try {
      if (this.#isIdle(now)) return;
      this.#cache.sync(options.stale);
      this.#rested = undefined;
      this.#passes(now, options);
      if (options.end === 'Crash' && options.actions !== Infinity) this.crash();
    } finally {
      this.#api.writer = 'Other';
    }
  }

  #passes(now: number, options: OperateOptions): void {
    let left = options.actions;
    for (let pass = 0; pass < 40; pass += 1) {
      const seen = this.#cache.world(this.#memory);
      const world = seen && { ...seen, versions: this.#versions };
      if (world === undefined) return;
      const decision = decide(world, { now: new Date(now), fresh: this.#fresh });
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
          const untilMs = now + (decision.requeueAfterMs ?? Infinity);
          if (!this.#cache.behind) this.#rested = { version: this.#api.version, untilMs };
          return;
        }
        for (const action of decision.actions) {
          const known = left > 0 || options.end === 'Crash';
          if (left <= 0 && options.end === 'Crash') return;
          const outcome = this.#act(world.addon, action, now, known);
          if (known)
            this.#memory = { ...this.#memory, ...afterWrite(this.#memory, world.addon, action, now) };
          if (outcome === 'Wait' || !known) return;
          left -= 1;
          if (outcome === 'Surprised') break;
        }
      } catch (reason) {
        if (reason instanceof Refused) return; // tried again later, from a newer view
        throw reason;
      }
    }
    throw new Error(`the operator goes on for ever: ${this.writes.slice(-12).join('; ')}`);
  }

  /** A new process: it remembers nothing, and lists everything. */
  crash(): void {
    this.#memory = NO_MEMORY;
    this.#rested = undefined;
    this.#cache.list();
  }

  /** Nothing has changed since it rested, and the time that it named is not yet there. */
  #isIdle(now: number): boolean {
    return this.#rested?.version === this.#api.version && now < this.#rested.untilMs;
  }

  /** `known`: the answer arrives. */
  #act(addon: Live<InfluxAddon>, action: Action, now: number, known: boolean): ActOutcome {
    const leaving = deletedClaim(this.#api, addon, action);
    if (leaving !== undefined) {
      this.#cache.record(leaving, true);
      return 'Surprised';
    }
    if (!isAsSeen(this.#api, action)) return 'Wait';
    if (isRefused(this.#api, action, this.refuses)) {
      this.#memory = refused(this.#memory, addon, targetOf(action) ?? '', now);
      return 'Surprised';
    }
    switch (action.do) {
      case 'create':
        this.writes.push(`create ${action.kind.kind} ${action.object.metadata?.name}`);
        return this.#create(addon, action, now, known);
      case 'replace':
        this.writes.push(`replace ${action.kind.kind} ${action.object.metadata?.name} (${action.why})`);
        this.#cache.record(this.#api.replace(action.kind.kind, action.object), known);
        if (known) this.#memory = repaired(this.#memory, action, this.#api, now);
        return 'Done';
      case 'issueCertificate':
        throw new Error('the model has no authority: nobody can ask for a certificate');
      case 'patch': {
        this.writes.push(`patch ${action.kind.kind} ${action.key.name} (${action.why})`);
        const { kind, key, type, body } = action;
        this.#cache.record(this.#api.patch(kind.kind, key.name, type, body), known);
        if (type === 'strategic' && known) this.#memory = appPatched(this.#memory, action, now);
        return 'Done';
      }
      case 'delete': {
        const { kind, key, uid, resourceVersion, why } = action;
        this.writes.push(`delete ${kind.kind} ${key.name} (${why})`);
        this.#api.remove(kind.kind, key.name, { uid, resourceVersion });
        if (known) this.#cache.forget(`${kind.kind}/${key.name}`);
        return 'Done';
      }
      case 'diagnose':
        this.#memory = { ...this.#memory, diagnosis: { atMs: now, message: undefined, quota: false } };
        return 'Done';
      case 'measureDatabase':
      case 'measureShards':
      case 'findGrowing':
        if (known) this.#memory = measured(this.#memory, this.#node, action, now);
        return 'Done';
      case 'findClaim':
        return this.#findClaim(addon, action, now);
      case 'findOwners': {
        const live = this.#api.get(action.kind.kind, action.key.name);
        if (live === undefined || !known) return 'Wait';
        this.#cache.record(live, known);
        this.#memory = ownersFound(this.#memory, action, live);
        return 'Done';
      }
      case 'dryRun':
        this.#memory = dryRunAnswered(this.#memory, addon, action, this.refuses, now);
        return 'Done';
      case 'growVolume':
        if (this.refusesResize !== undefined) {
          this.#memory = growthRefused(this.#memory, this.refusesResize, now);
          return 'Surprised';
        }
        this.writes.push(`grow ${action.object.metadata?.name}`);
        this.#cache.record(this.#api.replace(action.kind.kind, action.object), known);
        return 'Done';
      case 'askDatabase':
      case 'changeDatabase':
      case 'changeContents':
      case 'probeDatabase':
        this.#memory = spokenWith(this.#memory, this.#node, action, { now, known, writes: this.writes });
        return 'Done';
      default:
        throw new Error(`the model does not know how to do ${describe(action)}`);
    }
  }

  #findClaim({ metadata }: Live<InfluxAddon>, { key }: FindClaimAction, now: number): ActOutcome {
    const live = this.#api.get('PersistentVolumeClaim', key.name);
    if (live === undefined) {
      this.#memory = { ...this.#memory, claimLook: { name: key.name, atMs: now } };
      return 'Done';
    }
    const visible = { ...live.metadata, labels: keptLabels(metadata.name) };
    this.#cache.record(this.#api.replace('PersistentVolumeClaim', { ...live, metadata: visible }), true);
    this.#memory = { ...this.#memory, claimLook: undefined };
    return 'Surprised';
  }

  #create(addon: Live<InfluxAddon>, action: CreateAction, now: number, known: boolean): ActOutcome {
    const { kind, object } = action;
    const live = this.#api.get(kind.kind, object.metadata?.name ?? '');
    if (live === undefined) {
      this.#cache.record(this.#api.create(kind.kind, object), known);
      if (known) this.#memory = repaired(this.#memory, action, this.#api, now);
      return 'Done';
    }
    switch (belonging(live, addon)) {
      case 'Ours':
        this.#cache.record(live, known);
        return 'Surprised';
      case 'LostLabels':
        this.#cache.record(this.#api.replace(kind.kind, relabelled(live, object)), known);
        return 'Surprised';
      default:
        return 'Wait';
    }
  }

  #wait({ waitingFor }: Decision, now: number): void {
    if (waitingFor === this.#memory.waiting?.what) return;
    const waiting = waitingFor === undefined ? undefined : { what: waitingFor, sinceMs: now };
    this.#memory = { ...this.#memory, waiting, diagnosis: undefined };
  }

  #store({ metadata }: Live<InfluxAddon>, status: object, known: boolean): void {
    this.#cache.record(this.#api.setStatus('InfluxAddon', metadata.name, status, metadata), known);
    if (known) this.#memory = { ...this.#memory, patchedApps: new Map() };
  }
}
