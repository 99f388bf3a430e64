import { keepAuthority } from '../addon/authority/keep.ts';
import { fresh as realFresh } from '../addon/identity/fresh.ts';
import { type Fresh } from '../addon/world/fresh.ts';
import { maintenanceFigures, type MaintenanceFigures } from '../addon/observe/maintenance-figures.ts';
import { Memories } from '../addon/observe/memories.ts';
import { look, reconcile } from '../addon/reconcile.ts';
import { writeStatus } from '../addon/trouble/write-status.ts';
import { Teller } from '../addon/trouble/teller.ts';
import type { Settings } from '../addon/world/settings.ts';
import { makeStores, sourcesOf, type Stores } from '../addon/observe/stores.ts';
import { OWNED_SELECTOR } from '../addon/world/names.ts';
import type { WatchOne } from '../addon/observe/referenced-secrets.ts';
import { connect } from '../addon/observe/triggers.ts';
import { isUnanswered } from '../addon/observe/waited-for.ts';
import { Turns } from '../addon/maintenance/turns.ts';
import { backupControllers, backupQueues } from '../backup-controllers/controllers.ts';
import type { TaskQueues } from '../backup-controllers/triggers.ts';
import { DEFAULT_BACKUPS } from '../backup/settings.ts';
import type { InfluxTransport } from '../influx/transport.ts';
import type { KubeClient } from '../kube/api/client.ts';
import { systemClock, type Clock } from '../kube/clock.ts';
import { Lanes } from '../kube/control/lanes.ts';
import { Controller, type ControllerOptions } from '../kube/control/controller.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { silentLogger, type Logger } from '../kube/log.ts';
import { Secret } from '../kube/objects/kinds.ts';
import { keyOf } from '../kube/objects/types.ts';
import { Reflector } from '../kube/store/reflector.ts';
import { type ReflectorMetrics } from '../kube/store/reflector-options.ts';
import type { WatchScope } from '../kube/store/scoped-stores.ts';
import { WatchAges } from '../kube/store/watch-ages.ts';
import { WorkQueue } from '../kube/control/work-queue.ts';
import { WarningEvents } from '../kube/warning-events.ts';

/** The one key of the authority's queue. */
const AUTHORITY = 'authority';

/** How many databases are spoken to at once, and how many of one namespace: they wait, the workers do not. */
const ENGINE_LANES = { slots: 128, perGroup: 48 } as const;

export interface AddonOperatorOptions {
  readonly client: KubeClient;
  readonly influx: InfluxTransport;
  readonly events: Pick<EventRecorder, 'event'>;
  readonly settings: Settings;
  readonly workers: number;
  /** Nothing of another namespace is looked at; default: of all. */
  readonly watchNamespace?: string | undefined;
  readonly clock?: Clock;
  readonly fresh?: Fresh;
  readonly log?: Logger;
  readonly reflectorMetrics?: Partial<ReflectorMetrics>;
  readonly onRun?: ControllerOptions['onRun'];
  /** Told the reason of each event about backups, drills and restores. */
  readonly onBackupEvent?: (reason: string) => void;
}

/** Everything that operates addons, apart from the process around it: tests run it as the process does. */
export class AddonOperator {
  readonly stores: Stores;
  readonly queue: WorkQueue;
  /** Of the authority that signs the databases' certificates: it has one key. */
  readonly authority: WorkQueue;
  readonly memories = new Memories();
  /** Of the watches on everything that is operated; those on the Secrets of one namespace concern that one only. */
  readonly watchAges: WatchAges;
  readonly #turns: Turns;
  readonly #tasks: TaskQueues;
  readonly #options: AddonOperatorOptions;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: AddonOperatorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.watchAges = new WatchAges(this.#clock);
    this.stores = makeStores({
      tenancy: options.settings.tenancy,
      onError: (error) => this.#log.error({ error }, 'an object could not be taken in'),
    });
    this.queue = new WorkQueue({ clock: this.#clock });
    this.authority = new WorkQueue({ clock: this.#clock });
    this.#turns = new Turns({
      settings: options.settings.maintenance,
      clock: this.#clock,
      addons: () => this.stores.addons.list(),
      wake: (key) => this.queue.add(key),
    });
    connect(this.stores, this.queue, this.memories, this.#turns);
    this.#tasks = backupQueues(this.stores, this.#clock);
  }

  /** How maintenance of the fleet goes on. Looks at every addon. */
  maintenance(): MaintenanceFigures {
    const now = new Date(this.#clock.now());
    return maintenanceFigures(this.stores, this.#turns, this.#options.settings.maintenance, now);
  }

  /** How many keys wait to be worked on, those of backups, stores and restores with them. */
  get waiting(): number {
    const { backups, stores, restores } = this.#tasks;
    return this.queue.length + backups.length + stores.length + restores.length;
  }

  /** How many keys wait, by the name of the controller that works on them. */
  get queueLengths(): ReadonlyMap<string, number> {
    const { backups, stores, restores } = this.#tasks;
    const queues = { addon: this.queue, authority: this.authority, backup: backups };
    const all = Object.entries({ ...queues, 'backup-store': stores, restore: restores });
    return new Map(all.map(([name, { length }]) => [name, length]));
  }

  /** How many keys are being worked on, those of backups, stores and restores with them. */
  get working(): number {
    const { backups, stores, restores } = this.#tasks;
    return this.queue.working + backups.working + stores.working + restores.working;
  }

  get hasSynced(): boolean {
    return sourcesOf(this.stores).every(({ store }) => store.hasSynced);
  }

  /** Keeps the caches; a standby does this too, so that it can take over at once. Ends when aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    const { client, reflectorMetrics, watchNamespace } = this.#options;
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
          ...(watchNamespace === undefined || !kind.namespaced ? {} : { namespace: watchNamespace }),
          ...(ownObject === undefined
            ? {}
            : { namespace: operatorNamespace, fieldSelector: `metadata.name=${ownObject}` }),
          metrics: this.watchAges.of(`${kind.plural} ${labelSelector ?? ownObject ?? ''}`, reflectorMetrics),
        }),
    );
    // Rights that were granted a moment ago take a moment to arrive.
    const patient = { clock: this.#clock, log: this.#log, retryMs: 25 };
    const watchOne: WatchOne = async (key, store, stop) => {
      const [namespace = '', name = ''] = key.split('/');
      const options = { client, kind: Secret, store, namespace, fieldSelector: `metadata.name=${name}` };
      await new Reflector({ ...options, ...patient }).run(stop);
    };
    const watchSecrets: WatchScope<Secret> = async (namespace, store, stop) => {
      const options = { client, kind: Secret, store, namespace, labelSelector: OWNED_SELECTOR };
      await new Reflector({ ...options, ...patient }).run(stop);
    };
    await Promise.all([
      ...reflectors.map((reflector) => reflector.run(signal)),
      this.stores.referenced.run(watchOne, signal),
      this.stores.secrets.run(watchSecrets, signal),
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
    // What another process served while this one stood by is waited for no more, and what none served still is.
    this.queue.calm();
    for (const addon of this.stores.addons.list())
      if (isUnanswered(addon)) this.queue.add(keyOf(addon), { soon: true });
    const tools = {
      client,
      influx,
      events,
      settings,
      stores: this.stores,
      memories: this.memories,
      fleet: this.#turns.fleet,
      clock: this.#clock,
      warnings: new WarningEvents(client, this.#clock),
      fresh: this.#options.fresh ?? realFresh,
      log: this.#log,
    };
    const teller = new Teller({
      clock: this.#clock,
      log: this.#log,
      find: (key) => this.stores.addons.get(key),
      look: (addon) => look(tools, addon, new Date(this.#clock.now())),
      write: (addon, status, stop) => writeStatus(tools, addon, status, stop),
    });
    const lanes = new Lanes(ENGINE_LANES);
    const startedMs = this.#clock.monotonic();
    this.stores.authorities.onChange(() => this.authority.add(AUTHORITY));
    this.authority.add(AUTHORITY);
    const keeper = new Controller({
      name: 'authority',
      queue: this.authority,
      workers: 1,
      clock: this.#clock,
      log: this.#log,
      reconcile: (_key, runSignal) =>
        keepAuthority({ ...tools, startedMs, namespace: settings.operatorNamespace }, runSignal),
      ...(onRun === undefined ? {} : { onRun }),
    });
    const controller = new Controller({
      name: 'addon',
      queue: this.queue,
      workers,
      clock: this.#clock,
      log: this.#log,
      reconcile: (key, runSignal, run) => reconcile({ ...tools, teller, lanes }, key, runSignal, run),
      ...(onRun === undefined ? {} : { onRun }),
    });
    const { clusterDomain, backups = DEFAULT_BACKUPS } = settings;
    const ofBackups = backupControllers(this.#tasks, {
      actor: { ...tools, onTold: this.#options.onBackupEvent },
      settings: { ...backups, clusterDomain },
      workers,
      ...(onRun === undefined ? {} : { onRun }),
    });
    const hush = () => teller.stop();
    for (const end of [signal, abandon]) end?.addEventListener('abort', hush, { once: true });
    await Promise.all([controller, keeper, ...ofBackups].map((each) => each.run(signal, abandon))).finally(
      hush,
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
