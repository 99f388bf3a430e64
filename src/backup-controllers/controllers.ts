import type { Clock } from '../kube/clock.ts';
import { Controller, type ControllerOptions } from '../kube/control/controller.ts';
import { WorkQueue } from '../kube/control/work-queue.ts';
import { runTasks, type TaskActor } from './act.ts';
import { decideRestore } from './restores/decide.ts';
import { decideStore } from './stores/decide.ts';
import { observeBackups, observeRestore, observeStore } from './observe.ts';
import { Places } from './backups/places.ts';
import { connectBackups, type TaskQueues } from './triggers.ts';
import type { BackupSettings } from '../backup/settings.ts';
import type { Stores } from '../addon/observe/stores.ts';

export interface BackupControllersOptions {
  readonly actor: TaskActor;
  readonly settings: BackupSettings & { readonly clusterDomain: string };
  readonly workers: number;
  readonly onRun?: ControllerOptions['onRun'];
}

/** The queues, connected to the caches from the start so that nothing is missed before there is somebody to work. */
export function backupQueues(stores: Stores, clock: Clock): TaskQueues {
  const queues = {
    backups: new WorkQueue({ clock }),
    stores: new WorkQueue({ clock }),
    restores: new WorkQueue({ clock }),
  };
  connectBackups(stores, queues);
  return queues;
}

/** Everything about backups that is not the addon's own. */
export function backupControllers(queues: TaskQueues, options: BackupControllersOptions): Controller[] {
  const { actor, settings, workers, onRun } = options;
  const { stores, clock, log } = actor;
  const places = new Places();
  const common = { workers, clock, log, ...(onRun === undefined ? {} : { onRun }) };
  return [
    new Controller({
      ...common,
      name: 'backup',
      queue: queues.backups,
      reconcile: async (key, signal) => {
        const decide = (now: Date) => places.decide(key, observeBackups(stores, key, settings), now);
        try {
          return await runTasks(actor, key, decide, signal);
        } finally {
          places.release(key);
        }
      },
    }),
    new Controller({
      ...common,
      workers: Math.min(4, workers),
      name: 'backup-store',
      queue: queues.stores,
      reconcile: (key, signal) => {
        const decide = (now: Date) => {
          const world = observeStore(stores, key, settings);
          return world && decideStore(world, now);
        };
        return runTasks(actor, key, decide, signal);
      },
    }),
    new Controller({
      ...common,
      workers: Math.min(4, workers),
      name: 'restore',
      queue: queues.restores,
      reconcile: (key, signal) => {
        const decide = (now: Date) => {
          const world = observeRestore(stores, key, settings);
          return world && decideRestore(world, now);
        };
        return runTasks(actor, key, decide, signal);
      },
    }),
  ];
}
