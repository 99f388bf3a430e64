import { Annotation } from '../../../api/annotations.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { ApiError } from '../../../kube/api/api-error.ts';
import type * as kinds from '../../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { belonging } from '../../act/objects.ts';
import { afterWrite } from '../../children/contested/restless.ts';
import type {
  Action,
  CreateAction,
  FindClaimAction,
  GrowVolumeAction,
  ReplaceAction,
} from '../../decision/action.ts';
import { describe } from '../../decision/describe.ts';
import { targetOf } from '../../decision/findings.ts';
import { NO_MEMORY, type Memory } from '../../world/memory.ts';
import { keptLabels } from '../../world/names.ts';
import { isImmutable, type ModelApi, type Stored } from './model-api.ts';
import { type ModelCache, relabelled } from './model-cache.ts';
import { measured, spokenWith } from './model-database.ts';
import { appPatched, dryRunAnswered, ownersFound, reached, refused, repaired } from './model-memory.ts';
import type { ModelNode } from './model-node.ts';
import type { Obstacles } from './obstacles.ts';

export type ActOutcome = 'Done' | 'Wait' | 'Surprised';

const FROZEN = new ApiError({
  code: 422,
  reason: 'Invalid',
  message: 'data: field is immutable when `immutable` is set',
});

/** How long a volume that may not grow is not asked to again. */
const GROW_AGAIN_MS = 30 * 60_000;

/** Carries actions out on the model, and remembers what an operator learns by that. */
export class ModelActor {
  readonly #api: ModelApi;
  readonly #node: ModelNode;
  readonly #cache: ModelCache;
  readonly #obstacles: Obstacles;
  memory: Memory = NO_MEMORY;
  /** Everything that the API server took, but status. */
  writes: string[] = [];
  /** Told before each write, whatever comes of it. */
  onWrite = (_target: string): void => {};
  /** Told when a write is refused for good, and when one is taken. */
  onRefused = (_target: string): void => {};
  onTaken = (_target: string): void => {};
  /** Told when a change would be taken. */
  onTakenDry = (): void => {};

  constructor(api: ModelApi, node: ModelNode, cache: ModelCache, obstacles: Obstacles) {
    this.#api = api;
    this.#node = node;
    this.#cache = cache;
    this.#obstacles = obstacles;
  }

  /** Throws what the API server says against it when that becomes no finding. `known`: the answer arrives. */
  act(addon: Live<InfluxAddon>, action: Action, now: number, known: boolean): ActOutcome {
    if ('opens' in action && action.opens === true && !this.#isPresent(addon)) return 'Wait';
    if ('follows' in action && action.follows !== undefined && !this.#isAsSeen(action.follows)) return 'Wait';
    if ('over' in action && action.over !== undefined && this.#isBeingDeleted(addon, action.over))
      return 'Surprised';
    try {
      const outcome = this.#do(addon, action, now, known);
      if (outcome !== 'Wait' && known)
        this.memory = { ...this.memory, ...afterWrite(this.memory, addon, action, now) };
      return outcome;
    } catch (reason) {
      const target = action.do === 'findOwners' ? `${action.kind.kind}/${action.key.name}` : targetOf(action);
      const isKept = action.do !== 'delete' && target !== undefined && !target.startsWith('InfluxAddon/');
      const memory =
        isKept && reason instanceof ApiError ? refused(this.memory, addon, target, reason, now) : undefined;
      if (memory === undefined || target === undefined) throw reason;
      this.memory = memory;
      this.onRefused(target);
      return 'Surprised';
    }
  }

  /** Where writes of the actions below, and of the status, come by. */
  asked(target: string, object?: KubeObject): void {
    this.onWrite(target);
    this.#obstacles.answer(target, object);
    this.onTaken(target);
  }

  #do(addon: Live<InfluxAddon>, action: Action, now: number, known: boolean): ActOutcome {
    switch (action.do) {
      case 'create':
        return this.#create(addon, action, known, now);
      case 'replace':
        this.#written(action);
        if (isImmutable(this.#api.get(action.kind.kind, action.object.metadata?.name ?? ''))) throw FROZEN;
        this.#stored(action, this.#api.replace(action.kind.kind, action.object), known, now);
        return 'Done';
      case 'issueCertificate':
        throw new Error('the model has no authority: nobody can ask for a certificate');
      case 'patch': {
        this.#written(action);
        const { kind, key, type, body } = action;
        this.#cache.record(this.#api.patch(kind.kind, key.name, type, body), known);
        if (type === 'strategic' && known)
          this.memory = appPatched(reached(this.memory, `${kind.kind}/${key.name}`), action, now);
        return 'Done';
      }
      case 'delete': {
        this.#written(action);
        const { kind, key, uid, resourceVersion } = action;
        this.#api.remove(kind.kind, key.name, { uid, resourceVersion });
        if (known) this.#cache.forget(`${kind.kind}/${key.name}`);
        return 'Done';
      }
      case 'diagnose':
        this.#obstacles.answer();
        this.memory = { ...this.memory, diagnosis: { atMs: now, message: undefined, quota: false } };
        return 'Done';
      case 'measureDatabase':
      case 'measureShards':
      case 'findGrowing':
        if (known) this.memory = measured(this.memory, this.#node, action, now);
        return 'Done';
      case 'findClaim':
        return this.#findClaim(addon, action, now);
      case 'findOwners': {
        this.#obstacles.answer();
        const live = this.#api.get(action.kind.kind, action.key.name);
        if (live === undefined || !known) return 'Wait';
        this.#cache.record(live, known);
        this.memory = ownersFound(this.memory, action, live);
        return 'Done';
      }
      case 'dryRun': {
        const { memory, thrown } = dryRunAnswered(this.memory, addon, action, this.#obstacles, now);
        this.memory = memory;
        if (thrown !== undefined) throw thrown;
        if (memory.dryRun?.verdict === 'Refused') return 'Surprised';
        this.onTakenDry();
        return 'Done';
      }
      case 'growVolume':
        return this.#grow(action, now, known);
      case 'askDatabase':
      case 'changeDatabase':
      case 'changeContents':
      case 'probeDatabase':
        this.memory = spokenWith(this.memory, this.#node, action, { now, known, writes: this.writes });
        return 'Done';
      default:
        throw new Error(`the model does not know how to do ${describe(action)}`);
    }
  }

  #written(action: Action): void {
    const object = 'object' in action ? action.object : undefined;
    this.asked(targetOf(action) ?? `${object?.kind}/${object?.metadata?.name}`, object);
    this.writes.push(describe(action));
  }

  #isPresent({ metadata }: Live<InfluxAddon>): boolean {
    this.#obstacles.answer();
    const live = this.#api.get<InfluxAddon>('InfluxAddon', metadata.name)?.metadata;
    const isSame = live?.uid === metadata.uid && live.generation === metadata.generation;
    return isSame && live.deletionTimestamp === undefined;
  }

  #isAsSeen({ metadata }: Live<kinds.Secret>): boolean {
    this.#obstacles.answer();
    const live = this.#api.get('Secret', metadata.name)?.metadata;
    return live?.uid === metadata.uid && live.resourceVersion === metadata.resourceVersion;
  }

  #isBeingDeleted({ metadata }: Live<InfluxAddon>, seen: Live<kinds.PersistentVolumeClaim>): boolean {
    this.#obstacles.answer();
    const live = this.#api.get<kinds.PersistentVolumeClaim>('PersistentVolumeClaim', seen.metadata.name);
    const { deletionTimestamp, uid } = live?.metadata ?? {};
    if (deletionTimestamp === undefined || live?.status?.phase === 'Lost') return false;
    if (metadata.annotations?.[Annotation.startEmpty] === uid) return false;
    this.#cache.record(live as Live<KubeObject>, true);
    return true;
  }

  #grow(action: GrowVolumeAction, now: number, known: boolean): ActOutcome {
    const { kind, object } = action;
    try {
      this.asked(`${kind.kind}/${object.metadata?.name}`, object);
    } catch (reason) {
      const error = ApiError.from(reason);
      if (!error.isForbidden) throw error;
      const growthRefused = { message: error.message, untilMs: now + GROW_AGAIN_MS };
      this.memory = { ...this.memory, growthRefused };
      return 'Surprised';
    }
    this.writes.push(`grow ${object.metadata?.name}`);
    this.#cache.record(this.#api.replace(kind.kind, object), known);
    return 'Done';
  }

  #findClaim(addon: Live<InfluxAddon>, { key, id }: FindClaimAction, now: number): ActOutcome {
    this.#obstacles.answer();
    const live = this.#api.get('PersistentVolumeClaim', key.name);
    if (live === undefined) {
      this.memory = { ...this.memory, claimLook: { name: key.name, atMs: now } };
      return 'Done';
    }
    const isNamed = live.metadata.annotations?.['influxaddon.dev/id'] === id;
    if (!isNamed && live.metadata.uid !== addon.status?.storage?.uid && belonging(live, addon) === 'Foreign')
      throw new Error(`${key.name} was made by nobody in the model`);
    this.asked(`PersistentVolumeClaim/${key.name}`, live);
    const labels = { ...live.metadata.labels, ...keptLabels(addon.metadata.name) };
    const visible = { ...live, metadata: { ...live.metadata, labels } };
    this.#cache.record(this.#api.replace('PersistentVolumeClaim', visible), true);
    this.memory = { ...this.memory, claimLook: undefined };
    return 'Surprised';
  }

  /** The answer to a write of a child. */
  #stored(action: CreateAction | ReplaceAction, live: Stored, known: boolean, now: number): void {
    this.#cache.record(live, known);
    if (known) this.memory = repaired(this.memory, action, live, now);
  }

  #create(addon: Live<InfluxAddon>, action: CreateAction, known: boolean, now: number): ActOutcome {
    const { kind, object } = action;
    this.asked(targetOf(action) ?? '', object);
    const live = this.#api.get(kind.kind, object.metadata?.name ?? '');
    if (live === undefined) {
      this.writes.push(describe(action));
      this.#stored(action, this.#api.create(kind.kind, object), known, now);
      return 'Done';
    }
    switch (belonging(live, addon)) {
      case 'Ours':
        this.#cache.record(live, known);
        return 'Surprised';
      case 'LostLabels':
        this.writes.push(describe(action));
        this.#stored(action, this.#api.replace(kind.kind, relabelled(live, object)), known, now);
        return 'Surprised';
      default:
        return 'Wait';
    }
  }
}
