import { keepAuthority } from '../addon/authority/keep.ts';
import { fresh as realFresh, type Fresh } from '../addon/fresh.ts';
import { Memories } from '../addon/memories.ts';
import { reconcile } from '../addon/reconcile.ts';
import type { Settings } from '../addon/resources/context.ts';
import { makeStores, sourcesOf, type Stores } from '../addon/stores.ts';
import type { WatchOne } from '../addon/referenced-secrets.ts';
import { connect } from '../addon/triggers.ts';
import type { InfluxTransport } from '../influx/transport.ts';
import type { KubeClient } from '../kube/client.ts';
import { systemClock, type Clock } from '../kube/clock.ts';
import { Controller, type ControllerOptions } from '../kube/controller.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { silentLogger, type Logger } from '../kube/log.ts';
import { Secret } from '../kube/kinds.ts';
import { Reflector, type ReflectorMetrics } from '../kube/reflector.ts';
import { WorkQueue } from '../kube/work-queue.ts';

/** The one key of the authority's queue. */
const AUTHORITY = 'authority';

export interface AddonOperatorOptions {
  readonly client: KubeClient;
  readonly influx: InfluxTransport;
  readonly events: Pick<EventRecorder, 'event'>;
  readonly settings: Settings;
  readonly workers: number;
  readonly clock?: Clock;
  readonly fresh?: Fresh;
  readonly log?: Logger;
  readonly reflectorMetrics?: ReflectorMetrics;
  readonly onRun?: ControllerOptions['onRun'];
}

/** Everything that operates addons, apart from the process around it: tests run it as the process does. */
export class AddonOperator {
  readonly stores: Stores = makeStores();
  readonly queue: WorkQueue;
  readonly memories = new Memories();
  readonly #options: AddonOperatorOptions;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: AddonOperatorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.queue = new WorkQueue({ clock: this.#clock });
    connect(this.stores, this.queue, this.memories);
  }

  get hasSynced(): boolean {
    return sourcesOf(this.stores).every(({ store }) => store.hasSynced);
  }

  /** Keeps the caches; a standby does this too, so that it can take over at once. Ends when aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    const { client, reflectorMetrics } = this.#options;
    const { operatorNamespace } = this.#options.settings;
    const reflectors = sourcesOf(this.stores).map(
      ({ kind, store, labelSelector, ownObject }) =>
        new Reflector({
          client,
          kind,
          store,
          clock: this.#clock,
          log: this.#log,
          ...(labelSelector === undefined ? {} : { labelSelector }),
          ...(ownObject === undefined
            ? {}
            : { namespace: operatorNamespace, fieldSelector: `metadata.name=${ownObject}` }),
          ...(reflectorMetrics === undefined ? {} : { metrics: reflectorMetrics }),
        }),
    );
    const watchOne: WatchOne = async (key, store, stop) => {
      const [namespace = '', name = ''] = key.split('/');
      const options = { client, kind: Secret, store, namespace, fieldSelector: `metadata.name=${name}` };
      await new Reflector({ ...options, clock: this.#clock, log: this.#log }).run(stop);
    };
    await Promise.all([
      ...reflectors.map((reflector) => reflector.run(signal)),
      this.stores.referenced.run(watchOne, signal),
    ]);
  }

  /** Works once the caches are filled, until `signal` is aborted; `abandon` stops writes at once. */
  async work(signal: AbortSignal, abandon?: AbortSignal): Promise<void> {
    const { client, influx, events, settings, workers, onRun } = this.#options;
    await Promise.race([
      Promise.all(sourcesOf(this.stores).map(({ store }) => store.synced)),
      aborted(signal),
    ]);
    if (signal.aborted) return;
    const tools = {
      client,
      influx,
      events,
      settings,
      stores: this.stores,
      memories: this.memories,
      clock: this.#clock,
      fresh: this.#options.fresh ?? realFresh,
      log: this.#log,
    };
    const authority = new WorkQueue({ clock: this.#clock });
    this.stores.authorities.onChange(() => authority.add(AUTHORITY));
    authority.add(AUTHORITY);
    const keeper = new Controller({
      name: 'authority',
      queue: authority,
      workers: 1,
      clock: this.#clock,
      log: this.#log,
      reconcile: (_key, runSignal) =>
        keepAuthority({ ...tools, namespace: settings.operatorNamespace }, runSignal),
      ...(onRun === undefined ? {} : { onRun }),
    });
    const controller = new Controller({
      name: 'addon',
      queue: this.queue,
      workers,
      clock: this.#clock,
      log: this.#log,
      reconcile: (key, runSignal) => reconcile(tools, key, runSignal),
      ...(onRun === undefined ? {} : { onRun }),
    });
    await Promise.all([controller.run(signal, abandon), keeper.run(signal, abandon)]);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
