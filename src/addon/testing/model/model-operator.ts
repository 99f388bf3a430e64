import { isDeepStrictEqual } from 'node:util';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import type * as kinds from '../../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { revisionOf } from '../../../contents/continuous-queries.ts';
import type { DatabaseState } from '../../../influx/v1/found.ts';
import { smallestFull } from '../../act/measure.ts';
import { belonging } from '../../act/objects.ts';
import {
  describe,
  type Action,
  type DatabaseAccess,
  type FindClaimAction,
  type Decision,
} from '../../decision/action.ts';
import { appEntries } from '../../apps/entries.ts';
import { keyOf, ADDON_LABEL, childNames, labelsOf, userSecretName } from '../../world/names.ts';
import { slimWorkload } from '../../apps/view.ts';
import { type Workload, type World } from '../../world/world.ts';
import { type ContentsKnowledge, NO_MEMORY, type Memory } from '../../world/memory.ts';
import { appsOf } from '../../../api/addon-defaults.ts';
import { Annotation } from '../../../api/annotations.ts';
import { digestOf } from '../../database/contents/next.ts';
import { decide } from '../../decide.ts';
import type { Fresh } from '../../world/fresh.ts';
import type { Children } from '../../world/children.ts';
import { slimStatefulSet } from '../../children/rendered.ts';
import { SETTINGS, worldOf } from '../fixtures.ts';
import { Refused, type ModelApi, type Stored } from './model-api.ts';
import type { ModelNode } from './model-node.ts';

export interface OperateOptions {
  /** Interrupted after so many actions, the storing of status among them. Infinity: not at all. */
  readonly actions: number;
  /** How it is interrupted: the process is gone with its memory, or one answer did not arrive. */
  readonly end: 'Crash' | 'AnswerLost';
  /** Objects, by `Kind/name`, whose newest state the cache has not heard of. */
  readonly stale: ReadonlySet<string>;
}

/** So often that a database is measured before it is called settled. */
const MEASURE_EVERY_MS = 60_000;

/** As in act.ts. */
type ActOutcome = 'Done' | 'Wait' | 'Surprised';

/** One operator process after the other: the real decisions, made from a cache and carried out on the model. */
export class ModelOperator {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #addonName: string;
  readonly #fresh: Fresh;
  readonly #versions: World['versions'];
  #cache = new Map<string, Stored>();
  readonly #slimmed = new WeakMap<object, object>();
  #memory: Memory = NO_MEMORY;
  /** The world in which it last found nothing to do, and when it wants to look again. */
  #rested: { version: number; untilMs: number } | undefined;
  /** Not all that happened has come to the cache yet. */
  #behind = false;
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
    this.#addonName = options.addonName;
    this.#fresh = options.fresh;
    this.#versions = options.versions;
  }

  /** Observes, decides and acts until there is nothing to do, or until it is interrupted. */
  operate(
    now: number,
    options: OperateOptions = { actions: Infinity, end: 'Crash', stale: new Set() },
  ): void {
    this.#api.writer = 'Operator';
    try {
      if (this.#isIdle(now)) return;
      this.#sync(options.stale);
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
      const world = this.#observe();
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
          if (!this.#behind) this.#rested = { version: this.#api.version, untilMs };
          return;
        }
        for (const action of decision.actions) {
          const known = left > 0 || options.end === 'Crash';
          if (left <= 0 && options.end === 'Crash') return;
          const outcome = this.#act(world.addon, action, now, known);
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
    this.#cache = new Map(this.#api.entries());
  }

  /** Nothing has changed since it rested, and the time that it named is not yet there. */
  #isIdle(now: number): boolean {
    return this.#rested?.version === this.#api.version && now < this.#rested.untilMs;
  }

  #sync(stale: ReadonlySet<string>): void {
    this.#behind = stale.size > 0;
    const next = new Map<string, Stored>();
    for (const [key, object] of this.#api.entries()) {
      const cached = this.#cache.get(key);
      if (!stale.has(key)) next.set(key, object);
      else if (cached !== undefined) next.set(key, cached);
    }
    for (const [key, cached] of this.#cache) if (stale.has(key) && !next.has(key)) next.set(key, cached);
    this.#cache = next;
  }

  #observe(): World | undefined {
    const addon = this.#cached<InfluxAddon>('InfluxAddon', this.#addonName);
    if (addon === undefined) return undefined;
    const names = childNames(this.#addonName);
    const statefulSet = this.#cached<kinds.StatefulSet>('StatefulSet', names.statefulSet);
    const children: Children = {
      adminSecret: this.#cached('Secret', names.adminSecret),
      urlSecret: this.#cached('Secret', names.urlSecret),
      bindingSecret: this.#cached('Secret', names.bindingSecret),
      claim: this.#cached('PersistentVolumeClaim', names.claim),
      service: this.#cached('Service', names.service),
      statefulSet: statefulSet && this.#slim(statefulSet, slimStatefulSet),
      networkPolicy: this.#cached('NetworkPolicy', names.networkPolicy),
      tlsSecret: this.#cached('Secret', names.tlsSecret),
      agentSecret: this.#cached('Secret', names.agentSecret),
      externalService: this.#cached('Service', names.externalService),
    };
    const apps = new Map<string, Live<Workload>>();
    for (const app of [...appEntries({ addon, memory: this.#memory }), ...appsOf(addon)]) {
      const workload = this.#cached<Workload>(app.kind, app.name);
      if (workload !== undefined) apps.set(keyOf(app), this.#slim(workload, slimWorkload));
    }
    const pod = this.#cached<kinds.Pod>('Pod', names.pod);
    const prefix = `Secret/${userSecretName(this.#addonName, '')}`;
    const userSecrets = new Map(
      [...this.#cache]
        .filter(
          ([key, object]) => key.startsWith(prefix) && object.metadata.labels?.[ADDON_LABEL] !== undefined,
        )
        .map(([key, object]) => [key.slice(prefix.length), object as Live<kinds.Secret>]),
    );
    return worldOf({
      addon,
      children,
      userSecrets,
      pod,
      apps,
      memory: this.#memory,
      versions: this.#versions,
      settings: { ...SETTINGS, measureEveryMs: MEASURE_EVERY_MS },
    });
  }

  /** `known`: the answer arrives. */
  #act(addon: Live<InfluxAddon>, action: Action, now: number, known: boolean): ActOutcome {
    if ('over' in action && action.over !== undefined && this.#isBeingDeleted(addon, action.over))
      return 'Surprised';
    switch (action.do) {
      case 'create':
        this.writes.push(`create ${action.kind.kind} ${action.object.metadata?.name}`);
        return this.#create(addon, action.kind.kind, action.object, known);
      case 'replace':
        this.writes.push(`replace ${action.kind.kind} ${action.object.metadata?.name} (${action.why})`);
        this.#record(this.#api.replace(action.kind.kind, action.object), known);
        return 'Done';
      case 'issueCertificate':
        throw new Error('the model has no authority: nobody can ask for a certificate');
      case 'patch': {
        this.writes.push(`patch ${action.kind.kind} ${action.key.name} (${action.why})`);
        const { kind, key, type, body, entry } = action;
        this.#record(this.#api.patch(kind.kind, key.name, type, body), known);
        if (type === 'strategic' && known) {
          const patchedApps = new Map(this.#memory.patchedApps);
          patchedApps.delete(`${kind.kind}/${key.name}`);
          if (entry !== undefined) patchedApps.set(keyOf(entry), entry);
          this.#memory = { ...this.#memory, appsPatchedMs: now, patchedApps };
        }
        return 'Done';
      }
      case 'delete': {
        const { kind, key, uid, resourceVersion, why } = action;
        this.writes.push(`delete ${kind.kind} ${key.name} (${why})`);
        this.#api.remove(kind.kind, key.name, { uid, resourceVersion });
        if (known) this.#cache.delete(`${kind.kind}/${key.name}`);
        return 'Done';
      }
      case 'diagnose':
        this.#memory = { ...this.#memory, diagnosis: { atMs: now, message: undefined, quota: false } };
        return 'Done';
      case 'measureDatabase': {
        const { podUid } = action.access;
        const figures = this.#node.answering(podUid)?.figures;
        const before = this.#memory.measured;
        const gapMs = before === undefined ? undefined : now - before.askedMs;
        // A log that could not be written stays so, whatever room there is.
        const full = figures === undefined ? before?.full === true : figures.logErrors > 0;
        const measured = {
          podUid,
          askedMs: now,
          gapMs,
          volumeBytes: action.volumeBytes,
          tookMs: figures === undefined ? undefined : 1,
          figures,
          figuresMs: figures === undefined ? before?.figuresMs : now,
          silentSinceMs: figures === undefined ? (before?.silentSinceMs ?? now) : undefined,
          full,
          fullBytes: smallestFull(before, podUid, full ? action.volumeBytes : undefined),
          samples: [],
        };
        if (known) this.#memory = { ...this.#memory, measured };
        return 'Done';
      }
      case 'findGrowing': {
        const found = { what: 'Tag', measurement: 'requests', tag: 'request_id' } as const;
        if (known) this.#memory = { ...this.#memory, growing: { atMs: now, level: action.level, found } };
        return 'Done';
      }
      case 'findClaim':
        return this.#findClaim(addon, action, now);
      case 'growVolume':
        this.writes.push(`grow ${action.object.metadata?.name}`);
        this.#record(this.#api.replace(action.kind.kind, action.object), known);
        return 'Done';
      case 'measureShards': {
        const { podUid, credentials } = action.access;
        const shards = { askedMs: now, generation: action.generation, found: [] };
        if (known)
          this.#memory = { ...this.#memory, contents: { ...this.#contents(podUid, credentials), shards } };
        return 'Done';
      }
      case 'askDatabase':
      case 'changeDatabase':
      case 'changeContents':
      case 'probeDatabase':
        this.#database(action, now, known);
        return 'Done';
      default:
        throw new Error(`the model does not know how to do ${describe(action)}`);
    }
  }

  #isBeingDeleted({ metadata }: Live<InfluxAddon>, seen: Live<kinds.PersistentVolumeClaim>): boolean {
    const live = this.#api.get('PersistentVolumeClaim', seen.metadata.name);
    const { deletionTimestamp, uid } = live?.metadata ?? {};
    if (deletionTimestamp === undefined || metadata.annotations?.[Annotation.startEmpty] === uid)
      return false;
    if (live !== undefined) this.#record(live, true);
    return true;
  }

  #findClaim({ metadata }: Live<InfluxAddon>, { key }: FindClaimAction, now: number): ActOutcome {
    const live = this.#api.get('PersistentVolumeClaim', key.name);
    if (live === undefined) {
      this.#memory = { ...this.#memory, claimLook: { name: key.name, atMs: now } };
      return 'Done';
    }
    const labels = labelsOf(metadata.name);
    this.#record(
      this.#api.replace('PersistentVolumeClaim', { ...live, metadata: { ...live.metadata, labels } }),
      true,
    );
    this.#memory = { ...this.#memory, claimLook: undefined };
    return 'Surprised';
  }

  #create(addon: Live<InfluxAddon>, kind: string, object: KubeObject, known: boolean): ActOutcome {
    const live = this.#api.get(kind, object.metadata?.name ?? '');
    if (live === undefined) {
      this.#record(this.#api.create(kind, object), known);
      return 'Done';
    }
    switch (belonging(live, addon)) {
      case 'Ours':
        this.#record(live, known);
        return 'Surprised';
      case 'LostLabels':
        this.#record(this.#api.replace(kind, relabelled(live, object)), known);
        return 'Surprised';
      default:
        return 'Wait';
    }
  }

  #database(action: Extract<Action, { access: DatabaseAccess }>, now: number, known: boolean): void {
    const { access } = action;
    const foreign: string[] = [];
    const engine = this.#node.answering(access.podUid);
    const before = this.#memory.database;
    const { podUid, credentials } = access;
    const same = before?.podUid === podUid && before.credentials === credentials;
    const asked = { podUid, credentials, askedMs: now, sinceMs: (same ? before.sinceMs : undefined) ?? now };
    if (action.do === 'probeDatabase') {
      const failure = engine === undefined ? 'no answer' : engine.probe(access);
      const probe = { revision: action.revision, atMs: now, failure };
      if (before !== undefined && known) this.#memory = { ...this.#memory, database: { ...before, probe } };
      return;
    }
    if (action.do === 'changeDatabase') {
      this.writes.push(`change the database: ${action.steps.map(({ what }) => what).join(', ')}`);
      for (const step of action.steps) engine?.change(access, step);
    }
    if (action.do === 'changeContents') {
      this.writes.push(
        `change the contents: ${action.steps.map(({ what, name }) => `${what} ${name}`).join(', ')}`,
      );
      for (const step of action.steps) {
        if (step.makesRoom !== undefined) engine?.change(access, { statement: step.makesRoom });
        if (step.onlyIf === undefined || engine?.holds(access.id, step.onlyIf)) engine?.change(access, step);
        else foreign.push(step.name);
      }
    }
    // As the operator does, which counts a database whose answer it did not get as one that it knows nothing of.
    const silent = { ok: false, kind: 'Unreachable', message: 'refused' } as const;
    const answer = (known ? engine?.ask(access) : undefined) ?? silent;
    const probe = same ? before.probe : undefined;
    const failures = answer.ok ? 0 : (before?.failures ?? 0) + 1;
    const generation = action.do === 'askDatabase' ? action.generation : undefined;
    this.#memory = { ...this.#memory, database: { ...asked, generation, failures, answer, probe } };
    if (action.do === 'changeContents' && answer.ok) this.#remember(action, answer.state, foreign, now);
  }

  #remember(
    { access: { podUid, credentials }, steps, generation }: Extract<Action, { do: 'changeContents' }>,
    state: DatabaseState,
    others: readonly string[],
    now: number,
  ): void {
    const before = this.#contents(podUid, credentials);
    const sent = new Map(before.sent);
    const revisions = new Map(before.revisions);
    const foreign = new Map(before.foreign);
    for (const step of steps) {
      sent.set(digestOf(step), { atMs: now, generation, times: 1, refusal: undefined });
      const shown = state.continuousQueries.find(({ name }) => name === step.name)?.query;
      const revision = revisionOf(step.mark ?? '', shown);
      if (step.what === 'DropContinuousQuery') revisions.delete(step.name);
      if (others.includes(step.name)) foreign.set(step.name, shown ?? '');
      if (step.mark !== undefined && revision !== undefined) revisions.set(step.name, revision);
    }
    this.#memory = { ...this.#memory, contents: { ...before, sent, revisions, foreign } };
  }

  #contents(podUid: string, credentials: string): ContentsKnowledge {
    const { contents } = this.#memory;
    return contents?.podUid === podUid && contents.credentials === credentials
      ? contents
      : { podUid, credentials, sent: new Map(), revisions: new Map(), shards: undefined };
  }

  #wait({ waitingFor }: Decision, now: number): void {
    if (waitingFor === this.#memory.waiting?.what) return;
    const waiting = waitingFor === undefined ? undefined : { what: waitingFor, sinceMs: now };
    this.#memory = { ...this.#memory, waiting, diagnosis: undefined };
  }

  #store({ metadata }: Live<InfluxAddon>, status: object, known: boolean): void {
    this.#record(this.#api.setStatus('InfluxAddon', metadata.name, status, metadata), known);
    if (known) this.#memory = { ...this.#memory, patchedApps: new Map() };
  }

  #record(object: Stored, known: boolean): void {
    const key = `${object.kind}/${object.metadata.name}`;
    if (!known) return;
    const live = this.#api.get(object.kind ?? '', object.metadata.name);
    if (live === undefined) this.#cache.delete(key);
    else this.#cache.set(key, object);
  }

  /** As the cache's transform: once for each state of an object. */
  #slim<T extends object>(object: T, transform: (object: T) => T): T {
    const slim = (this.#slimmed.get(object) as T | undefined) ?? transform(object);
    this.#slimmed.set(object, slim);
    return slim;
  }

  #cached<T extends KubeObject>(kind: string, name: string): Live<T> | undefined {
    return this.#cache.get(`${kind}/${name}`) as Live<T> | undefined;
  }
}

function relabelled(live: Stored, intent: KubeObject): Stored {
  return {
    ...live,
    metadata: { ...live.metadata, labels: { ...live.metadata.labels, ...intent.metadata?.labels } },
  };
}
