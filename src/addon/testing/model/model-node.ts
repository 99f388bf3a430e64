import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { PersistentVolumeClaim, Pod, Secret, StatefulSet } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { decode } from '../../world/secret-data.ts';
import { hashOf } from '../../world/hash.ts';
import { childNames } from '../../world/names.ts';
import { NAMESPACE } from '../fixtures.ts';
import { isImmutable, type ModelApi, type Stored } from './model-api.ts';
import { ModelEngine } from './model-engine.ts';
import type { Obstacles } from './obstacles.ts';

/** An image of this version is in the catalogue and cannot be pulled. */
export const BROKEN_VERSION = '1.8.99';

/** The name by which a claim asks for the volume that the one before it had. */
export const KEPT_VOLUME = 'pv-kept';

/** The controllers and the kubelet of the model: binds the volume, makes, starts and replaces the pod, rolls apps out. */
export class ModelNode {
  readonly #api: ModelApi;
  readonly #obstacles: Obstacles;
  readonly #names: ReturnType<typeof childNames>;
  /** By the uid of the volume claim. */
  readonly #engines = new Map<string, ModelEngine>();
  /** What is on the volume that was bound last, which outlives its claim. */
  #kept: ModelEngine | undefined;

  /** Told after every statement. */
  onEngineChange = (): void => {};
  /** Told when the database gets another pod. */
  onPod = (): void => {};
  /** The URL that the pods of the app hold: they read the Secret when they are started. */
  appUrl: string | undefined;
  /** With what the database ran, or had last run, when the pods of the app were started. */
  appSaw: string | undefined;
  #served: string | undefined;
  /** The Secret for apps that was immutable once: new pods get it as long as there are pods from before. */
  #copy: Live<Secret> | undefined;
  /** A volume that is asked to be larger becomes so. */
  growsVolumes = true;

  constructor(api: ModelApi, obstacles: Obstacles, addonName: string) {
    this.#api = api;
    this.#obstacles = obstacles;
    this.#names = childNames(addonName);
  }

  /** Each object gets one step further on its way. `now` in milliseconds. */
  step(now: number): void {
    this.#volume();
    this.#served = this.served();
    this.#pod(new Date(now).toISOString());
    this.#statefulSet(new Date(now).toISOString());
    this.#apps();
  }

  /** The engine that runs in the pod and answers; undefined while none does. */
  answering(podUid?: string): ModelEngine | undefined {
    const pod = this.#live<Pod>('Pod', this.#names.pod);
    if (pod === undefined || (podUid !== undefined && pod.metadata.uid !== podUid)) return undefined;
    return isReady(pod) && pod.metadata.deletionTimestamp === undefined ? this.engine() : undefined;
  }

  /** Version and size of the database that answers, or of the one that answered last. */
  served(): string | undefined {
    if (this.answering() === undefined) return this.#served;
    const { image, resources } = this.#live<Pod>('Pod', this.#names.pod)?.spec?.containers[0] ?? {};
    return `${image} ${resources?.limits?.['memory']}`;
  }

  /** The engine needed more memory than it has: it is killed, and started again in the same pod. */
  kill(now: number): void {
    const pod = this.#live<Pod>('Pod', this.#names.pod);
    if (pod === undefined || this.answering() === undefined) return;
    const finishedAt = new Date(now).toISOString();
    const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt } };
    const containerStatuses = (pod.status?.containerStatuses ?? []).map((each) => ({ ...each, lastState }));
    this.#change(pod, { status: { ...pod.status, containerStatuses } });
  }

  /** Somebody ends the pod: an eviction, a drain, a hand. */
  evict(): void {
    const pod = this.#live<Pod>('Pod', this.#names.pod);
    if (pod !== undefined && pod.metadata.deletionTimestamp === undefined) this.#end(pod);
  }

  /** The volume under the claim is gone, with what is on it. */
  loseVolume(): void {
    const claim = this.#live<PersistentVolumeClaim>('PersistentVolumeClaim', this.#names.claim);
    if (claim?.status?.phase !== 'Bound') return;
    this.#engines.delete(claim.metadata.uid);
    this.#kept = undefined;
    this.#change(claim, { status: { ...claim.status, phase: 'Lost' } });
  }

  /** What is on the volume, whether or not anything runs. */
  engine(): ModelEngine | undefined {
    return this.#engines.get(this.#live('PersistentVolumeClaim', this.#names.claim)?.metadata.uid ?? '');
  }

  #volume(): void {
    const claim = this.#live<PersistentVolumeClaim>('PersistentVolumeClaim', this.#names.claim);
    if (claim === undefined) return;
    const { deletionTimestamp } = claim.metadata;
    if (claim.status?.phase !== 'Lost') this.#bind(claim);
    const used = this.#live('Pod', this.#names.pod) !== undefined;
    if (deletionTimestamp !== undefined && !used) this.#change(claim, { metadata: { finalizers: [] } });
    else if (
      claim.status?.phase !== 'Lost' &&
      (claim.status?.phase !== 'Bound' || (this.growsVolumes && isToGrow(claim)))
    )
      this.#change(claim, { status: { phase: 'Bound', capacity: claim.spec?.resources?.requests } });
  }

  /** A claim that names a volume, as somebody made it, gets the one of before; any other an empty one. */
  #bind({ metadata, spec }: Live<PersistentVolumeClaim>): void {
    if (this.#engines.has(metadata.uid)) return;
    const engine = (spec?.volumeName === KEPT_VOLUME ? this.#kept : undefined) ?? new ModelEngine();
    engine.onChange = () => this.onEngineChange();
    this.#engines.set(metadata.uid, engine);
    this.#kept = engine;
  }

  #statefulSet(now: string): void {
    const set = this.#live<StatefulSet>('StatefulSet', this.#names.statefulSet);
    const pod = this.#live<Pod>('Pod', this.#names.pod);
    const unwanted = set === undefined || pod?.metadata.deletionTimestamp !== undefined;
    if (pod !== undefined && unwanted) this.#end(pod);
    if (set === undefined || unwanted) return;
    const template = set.spec?.template as PodTemplateSpec;
    const seen = set.status?.observedGeneration === set.metadata.generation;
    const revision = (seen ? set.status?.updateRevision : undefined) ?? hashOf(template);
    const cameUp =
      pod !== undefined && isReady(pod) && pod.metadata.labels?.['controller-revision-hash'] === revision;
    const currentRevision = cameUp ? revision : (set.status?.currentRevision ?? revision);
    const status = { observedGeneration: set.metadata.generation, updateRevision: revision, currentRevision };
    if (!seen || set.status?.currentRevision !== currentRevision) this.#change(set, { status });
    if (pod === undefined && set.spec?.replicas === 1) {
      if (this.#obstacles.refusedSince(`Pod/${this.#names.pod}`, template as Pod) !== undefined) return;
      const labels = { ...template.metadata?.labels, 'controller-revision-hash': revision };
      this.onPod();
      this.#api.create('Pod', {
        metadata: { name: this.#names.pod, namespace: NAMESPACE, labels, creationTimestamp: now },
        spec: { ...template.spec, nodeName: 'node-1' },
      } as Pod);
    } else if (pod !== undefined) {
      const outdated = pod.metadata.labels?.['controller-revision-hash'] !== revision;
      if (outdated || set.spec?.replicas === 0) this.#end(pod);
    }
  }

  #pod(now: string): void {
    const pod = this.#live<Pod>('Pod', this.#names.pod);
    if (pod === undefined || isReady(pod)) return;
    const engine = this.engine();
    const claim = this.#live<PersistentVolumeClaim>('PersistentVolumeClaim', this.#names.claim);
    const secret = this.#live<Secret>('Secret', this.#names.adminSecret);
    if (engine === undefined || claim?.status?.phase !== 'Bound' || secret === undefined) return;
    const image = pod.spec?.containers[0]?.image ?? '';
    const version = image.slice(image.indexOf(':') + 1);
    if (version === BROKEN_VERSION) {
      const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
      this.#change(pod, { status: { initContainerStatuses: [initStatus(image, { waiting })] } });
    } else if (pod.status?.initContainerStatuses?.[0]?.state?.running === undefined) {
      const running = initStatus(image, { running: { startedAt: now } });
      if (engine.start(version, decode(secret)['heal-admin.iql'] ?? ''))
        this.#change(pod, { status: { initContainerStatuses: [running] } });
    } else {
      const ended = initStatus(image, { terminated: { exitCode: 0 } });
      const container = { name: 'influxdb', image, state: { running: { startedAt: now } }, restartCount: 0 };
      const conditions = [{ type: 'Ready', status: 'True' }];
      const statuses = { initContainerStatuses: [ended], containerStatuses: [container] };
      this.#change(pod, { status: { podIP: '10.1.0.9', conditions, ...statuses } });
    }
  }

  /** Deleted first, gone a step later. */
  #end(pod: Live<Pod>): void {
    if (pod.metadata.deletionTimestamp === undefined)
      this.#change(pod, {
        metadata: { deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: ['stopping'] },
      });
    else this.#change(pod, { metadata: { finalizers: [] } });
  }

  #apps(): void {
    const app = this.#live('Deployment', 'web');
    const secret = this.#live<Secret>('Secret', this.#names.urlSecret);
    const frozen = isImmutable(secret as Stored | undefined) ? secret : undefined;
    this.#copy = app && (this.#copy ?? frozen);
    if (app === undefined) return;
    const { status, metadata } = app as Stored & { status?: { observedGeneration?: number } };
    if (status?.observedGeneration !== metadata.generation) {
      const data = decode(this.#copy ?? secret);
      this.#copy = frozen;
      this.appSaw = this.served();
      this.appUrl = Object.values(data).find((value) => URL.canParse(value));
    }
    const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    this.#change(app, { status: { observedGeneration: app.metadata.generation, ...counts } });
  }

  #change(object: Live<object>, change: { metadata?: object; status?: object }): void {
    const { kind = '', metadata } = object as Stored;
    this.#api.change(kind, metadata.name, (present) => ({
      ...present,
      ...change,
      metadata: { ...present.metadata, ...change.metadata },
    }));
  }

  #live<T extends object>(kind: string, name: string): Live<T> | undefined {
    return this.#api.get(kind, name) as Live<T> | undefined;
  }
}

function isToGrow({ spec, status }: PersistentVolumeClaim): boolean {
  return spec?.resources?.requests?.['storage'] !== status?.capacity?.['storage'];
}

function isReady(pod: Live<Pod>): boolean {
  return pod.status?.conditions?.some(({ type }) => type === 'Ready') ?? false;
}

function initStatus(image: string, state: object) {
  return { name: 'bootstrap', image, imageID: '', ready: false, restartCount: 0, state };
}
