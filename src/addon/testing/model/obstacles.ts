import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { ApiError } from '../../../kube/api/api-error.ts';
import { compareQuantities } from '../../../kube/objects/quantity.ts';
import type { KubeObject } from '../../../kube/objects/types.ts';
import type { ModelApi, Stored } from './model-api.ts';

/** What an API server, or who watches it, has against the operator's writes until somebody takes it away. */
export type Obstacle =
  /** Writes of this object, `Kind/name`, are refused for good, also when they are only asked about. */
  | { readonly what: 'Refused'; readonly target: string }
  /** Pods with more memory than this are refused, as by a LimitRange; nobody but who asks hears of it. */
  | { readonly what: 'PodsRefused'; readonly above: string }
  /** Writes of this object are answered 500, as by a webhook that is dead, whoever asks. */
  | { readonly what: 'Broken'; readonly target: string }
  /** Every write and every read of one object is answered 500, and no watch tells anything. */
  | { readonly what: 'Failing' }
  /** A controller takes this object back to what it was before each of so many writes. */
  | { readonly what: 'Undone'; readonly target: string; readonly times: number }
  /** Admission adds to each write of this object what is none of the operator's business. */
  | { readonly what: 'Added'; readonly target: string }
  /** Admission makes something else of each write of this object. */
  | { readonly what: 'Changed'; readonly target: string };

const MARK = 'policy.example/checked';

/** What stands in the operator's way at present. */
export class Obstacles {
  readonly #api: ModelApi;
  readonly #present = new Map<Obstacle['what'], Obstacle & { readonly sinceMs: number }>();
  /** What a controller has yet to take back: an object as it was, by `Kind/name`. */
  readonly #undo = new Map<string, Stored>();
  /** Told when a controller takes an object back. */
  onUndone = (_target: string): void => {};

  constructor(api: ModelApi) {
    this.#api = api;
    api.admission = (object) => (api.writer === 'Operator' ? this.#admitted(object) : object);
    api.watch((before, after) => this.#noticed(before, after));
  }

  /** One of each sort at a time. */
  begin(obstacle: Obstacle, nowMs: number): void {
    this.#present.set(obstacle.what, { ...obstacle, sinceMs: nowMs });
  }

  end(): void {
    this.#present.clear();
    this.#undo.clear();
  }

  get count(): number {
    return this.#present.size;
  }

  get isFailing(): boolean {
    return this.#present.has('Failing');
  }

  /** Throws what the API server says to a request instead of doing it; `object` is what is to be stored. */
  answer(target?: string, object?: KubeObject): void {
    const broken = this.#present.get('Broken');
    if (this.isFailing || (broken?.what === 'Broken' && broken.target === target))
      throw new ApiError({
        code: 500,
        reason: 'InternalError',
        message: 'failed calling webhook: timed out',
      });
    if (target === undefined || this.refusedSince(target, object) === undefined) return;
    throw new ApiError({ code: 403, reason: 'Forbidden', message: `${target} is refused by a policy` });
  }

  /** What is written of this object is not what is stored. */
  changes(target: string): boolean {
    const changed = this.#present.get('Changed');
    return changed?.what === 'Changed' && changed.target === target;
  }

  /** Since when such a write is refused; undefined when it is not. */
  refusedSince(target: string, object?: KubeObject): number | undefined {
    const refused = this.#present.get('Refused');
    if (refused?.what === 'Refused' && refused.target === target) return refused.sinceMs;
    const pods = this.#present.get('PodsRefused');
    const isLarge = pods?.what === 'PodsRefused' && isAbove(object, pods.above);
    return target.startsWith('Pod/') && isLarge ? pods.sinceMs : undefined;
  }

  /** Controllers come to what they have seen. */
  step(): void {
    for (const [target, before] of this.#undo) {
      const [kind = '', name = ''] = target.split('/');
      const { spec, data, metadata } = before;
      const { labels, annotations } = metadata;
      this.#undo.delete(target);
      if (this.#api.get(kind, name)?.metadata.uid !== metadata.uid) continue;
      this.onUndone(target);
      this.#api.change(kind, name, (live) => ({
        ...live,
        ...(spec === undefined ? {} : { spec }),
        ...(data === undefined ? {} : { data }),
        metadata: {
          ...live.metadata,
          ...(labels === undefined ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
        },
      }));
    }
  }

  #noticed(before: Stored | undefined, after: Stored | undefined): void {
    const undone = this.#present.get('Undone');
    if (undone?.what !== 'Undone' || this.#api.writer !== 'Operator') return;
    if (before === undefined || after === undefined || keyOf(after) !== undone.target) return;
    if (before.metadata.generation === after.metadata.generation && before.data === after.data) return;
    if (undone.times === 1) this.#present.delete('Undone');
    else this.#present.set('Undone', { ...undone, times: undone.times - 1 });
    this.#undo.set(undone.target, before);
  }

  #admitted(object: Stored): Stored {
    if (this.changes(keyOf(object))) return edited(object, 0);
    const added = this.#present.get('Added');
    if (added?.what !== 'Added' || keyOf(object) !== added.target) return object;
    const { metadata } = object;
    const annotations = { ...metadata.annotations, [MARK]: 'true' };
    const labels = { ...metadata.labels, [MARK]: 'true' };
    return { ...object, metadata: { ...metadata, annotations, labels } };
  }
}

/** Something else is in it: one value of a Secret, or the spec. */
export function edited(object: Stored, draw: number): Stored {
  const { data, kind, spec = {} } = object;
  if (data !== undefined) {
    const key = Object.keys(data)[draw % Object.keys(data).length] ?? '';
    return { ...object, data: { ...data, [key]: Buffer.from('edited').toString('base64') } };
  }
  if (kind === 'StatefulSet') return { ...object, spec: { ...spec, replicas: 3 } };
  if (kind !== 'Service') return { ...object, spec: { ...spec, policyTypes: ['Egress'] } };
  return { ...object, spec: { ...spec, ports: [{ name: 'http', port: 1234, protocol: 'TCP' }] } };
}

function isAbove(object: KubeObject | undefined, above: string): boolean {
  const { containers = [] } = ((object as { spec?: PodSpec } | undefined)?.spec ?? {}) as Partial<PodSpec>;
  return containers.some(({ resources }) => {
    const memory = resources?.limits?.['memory'];
    return memory !== undefined && compareQuantities(memory, above) > 0;
  });
}

function keyOf({ kind, metadata }: Stored): string {
  return `${kind}/${metadata.name}`;
}
