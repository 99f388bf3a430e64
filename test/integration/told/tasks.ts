import type { JobResult } from '../../../src/backup/results.ts';
import { JOB_CONTAINER } from '../../../src/backup/protocol.ts';
import { inForce, live } from '../../../src/addon/testing/fixtures.ts';
import type { InfluxBackupStore } from '../../../src/api/influx-backup-store.ts';
import type { InfluxRestore } from '../../../src/api/influx-restore.ts';
import type { TaskAction, TaskDecision } from '../../../src/backup-controllers/decision/action.ts';
import { decideRestore } from '../../../src/backup-controllers/restores/decide.ts';
import { decideStore } from '../../../src/backup-controllers/stores/decide.ts';
import { fail, specOf, succeed, type Behaviour } from '../../../src/backup-controllers/testing/jobs.ts';
import { addonOf, BackupModel, storeOf } from '../../../src/backup-controllers/testing/model.ts';
import type { Task } from '../../../src/backup-controllers/world/job-state.ts';
import type { RestoreWorld } from '../../../src/backup-controllers/world/restore-world.ts';
import type { Job, PersistentVolumeClaim, Pod } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';

/** An object of one of the kinds about backups, as the API server shows it. */
export type ToldTask = Live<KubeObject> & {
  readonly kind: string;
  readonly status: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
};

const NOON = new Date('2030-01-09T12:00:00Z');
const NO_TASK: Task = { job: undefined, pod: undefined };
const denied: Behaviour = (spec) => fail(spec, 'StoreDenied', false);
const busy: Behaviour = (spec) => fail(spec, 'StoreBusy', true);

/** Backups with every status that is stored while Jobs end so. */
export function toldBackups(): ToldTask[] {
  return [succeed, denied, busy, (() => 'Runs') satisfies Behaviour].flatMap((behaviour) => {
    const found: ToldTask[] = [];
    const model = new BackupModel(NOON);
    model.behaviour = behaviour;
    model.add('mine', { deletionPolicy: 'Delete' });
    for (let round = 0; round < 60; round += 1) {
      model.settle(model.writes.length + 1);
      const backup = model.backups.get('mine');
      if (backup?.status !== undefined && backup.status !== found.at(-1)?.status)
        found.push(shown('InfluxBackup', backup));
      if (round % 5 === 4) model.pass(3_600_000);
    }
    return found;
  });
}

/** The same of a store that is checked. */
export function toldStores(): ToldTask[] {
  return [succeed, denied, busy].flatMap((behaviour) => {
    const found: ToldTask[] = [];
    let store: Live<InfluxBackupStore> = storeOf('nightly');
    let task = NO_TASK;
    let now = NOON;
    for (let round = 0; round < 12; round += 1) {
      const settings = { image: 'operator:1', agentImage: undefined, atOnce: 10 };
      const decision = decideStore({ store, namespaceTerminating: false, task, backups: [], settings }, now);
      const status = statusIn(decision);
      if (status !== undefined) {
        store = { ...store, status };
        found.push(shown('InfluxBackupStore', store));
        if (store.status?.job === undefined) task = NO_TASK;
      }
      task = jobIn(decision, behaviour, now) ?? task;
      if (decision.actions.length === 0) now = new Date(now.getTime() + 3_600_000);
    }
    return found;
  });
}

/** The same of a restore: one that comes through, one whose Job fails, one of a backup that is not there. */
export function toldRestores(): ToldTask[] {
  return [
    restored(succeed, {}),
    restored(denied, {}),
    restored(busy, {}),
    restored(succeed, { backup: undefined }),
  ].flat();
}

function restored(behaviour: Behaviour, missing: Partial<RestoreWorld>): ToldTask[] {
  const found: ToldTask[] = [];
  const model = new BackupModel(NOON);
  model.add('mine');
  model.settle();
  let now = NOON;
  let world: RestoreWorld = {
    restore: restoreOf(),
    namespaceTerminating: false,
    addon: ready({}),
    inForce: inForce(),
    current: claimOf('my-app-influx-data'),
    claim: undefined,
    previous: undefined,
    mounted: undefined,
    backup: model.get('mine'),
    store: storeOf('nightly'),
    task: NO_TASK,
    others: [],
    settings: { image: 'operator:1', agentImage: undefined, atOnce: 10 },
    ...missing,
  };
  for (let round = 0; round < 40; round += 1) {
    const decision = decideRestore(world, now);
    const status: InfluxRestore['status'] = statusIn(decision);
    if (status !== undefined) {
      const restore = { ...world.restore, status };
      world = { ...world, restore, task: status.job === undefined ? NO_TASK : world.task };
      found.push(shown('InfluxRestore', restore));
      // The addon is on its volume as soon as it is whole.
      if (status.restoredAt !== undefined && status.claim !== undefined)
        world = { ...world, addon: ready({ storage: { claim: status.claim } }) };
    }
    for (const action of decision.actions) world = after(world, action);
    const task = jobIn(decision, behaviour, now);
    if (task !== undefined) world = { ...world, task };
    if (decision.actions.length === 0) now = new Date(now.getTime() + (decision.requeueAfterMs ?? 60_000));
  }
  return found;
}

function after(world: RestoreWorld, action: TaskAction): RestoreWorld {
  if (action.do === 'finalizers') {
    const metadata = { ...world.restore.metadata, finalizers: [...action.finalizers] };
    return { ...world, restore: { ...world.restore, metadata } };
  }
  if (action.do !== 'create' || action.kind.kind !== 'PersistentVolumeClaim') return world;
  return { ...world, claim: claimOf(action.object.metadata?.name ?? '') };
}

/** It refuses writes for the restore, and has answered. */
function ready(status: object): NonNullable<RestoreWorld['addon']> {
  const addon = addonOf(NOON);
  const writesRefusedAt = NOON.toISOString();
  const restore = { name: 'undo', uid: 'restore-uid', writesRefusedAt };
  const holds = { type: 'Ready', status: 'True' as const, reason: 'Ready', message: '' };
  const conditions = [{ ...holds, lastTransitionTime: writesRefusedAt }];
  const metadata = { ...addon.metadata, generation: 1 };
  const told = { ...addon.status, restore, conditions, observedGeneration: 1, ...status };
  return { ...addon, metadata, status: told };
}

function restoreOf(): Live<InfluxRestore> {
  return live({
    metadata: { name: 'undo', namespace: 'shop', uid: 'restore-uid', creationTimestamp: NOON.toISOString() },
    spec: { backupRef: { name: 'mine' }, addonRef: { name: 'my-app' }, overwrite: 'my_app_3707' },
  });
}

function claimOf(name: string): Live<PersistentVolumeClaim> {
  const resources = { requests: { storage: '20Gi' } };
  return live({ metadata: { name, namespace: 'shop' }, spec: { resources } } as PersistentVolumeClaim);
}

function statusIn(decision: TaskDecision): object | undefined {
  return decision.actions.flatMap((action) => (action.do === 'status' ? [action.status] : []))[0];
}

/** The Job that is made, as it is when it has ended. */
function jobIn(decision: TaskDecision, behaviour: Behaviour, now: Date): Task | undefined {
  const [made] = decision.actions.flatMap((action) =>
    action.do === 'create' && action.kind.kind === 'Job' ? [action.object as Job] : [],
  );
  if (made === undefined) return undefined;
  const result = behaviour(specOf(made)) as JobResult;
  const condition = { type: result.ok ? 'Complete' : 'Failed', status: 'True' };
  const conditions = [{ ...condition, lastTransitionTime: now.toISOString() }];
  const state = { terminated: { exitCode: result.ok ? 0 : 1, message: JSON.stringify(result) } };
  const containerStatuses = [{ name: JOB_CONTAINER, state }];
  const pod = { metadata: made.metadata, status: { phase: 'Failed', containerStatuses } };
  return { job: live({ ...made, status: { conditions } } as Job), pod: live(pod as unknown as Pod) };
}

function shown(kind: string, object: Live<KubeObject>): ToldTask {
  return { apiVersion: 'influxaddon.dev/v1alpha1', ...object, kind } as ToldTask;
}
