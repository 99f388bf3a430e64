import { Annotation } from '../../api/annotations.ts';
import type { InfluxBackupStore, InfluxBackupStoreStatus } from '../../api/influx-backup-store.ts';
import { InfluxBackup, InfluxBackupStore as StoreKind } from '../../api/kinds.ts';
import { hashOf } from '../../addon/world/hash.ts';
import { LISTED, MANAGED_BY } from '../../addon/world/names.ts';
import type { JobResult, ListEntry } from '../../backup/results.ts';
import { mark } from '../../backup/schedule.ts';
import type { BackupSettings } from '../../backup/settings.ts';
import { given } from '../../kube/objects/given.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { afterLost, type TaskAction, type TaskDecision } from '../decision/action.ts';
import { conditionsFor, type Standing } from '../decision/conditions.ts';
import { jobState, type Task } from '../world/job-state.ts';
import { jobAction, ownerOf, type Operation } from '../jobs/jobs.ts';
import type { ListedBackup } from '../backups/listed.ts';
import type { Backup } from '../decision/phase.ts';
import { BACKUP_REASON, type BackupReason } from '../decision/reasons.ts';
import { retryAt } from '../decision/retries.ts';
import { locationOf } from '../jobs/store-access.ts';
import { rfc3339 } from '../../api/time.ts';

/** All that a decision about one store may look at. */
export interface StoreWorld {
  readonly store: Live<InfluxBackupStore>;
  readonly namespaceTerminating: boolean;
  /** The Job that its status names. */
  readonly task: Task;
  /** All of the namespace. */
  readonly backups: readonly Backup[];
  readonly settings: BackupSettings;
}

const DEADLINE_SECONDS = 600;

/**
 * A store is tried once for each spec (written to, read and deleted from by a Job), and again while that fails; and it is
 * listed for each new token of `influxaddon.dev/list`. Pure.
 */
export function decideStore(world: StoreWorld, now: Date): TaskDecision {
  const { store, namespaceTerminating, settings } = world;
  if (store.metadata.deletionTimestamp !== undefined || namespaceTerminating) return wait();
  if (settings.image === undefined) {
    const message = 'The operator was started without --job-image, and makes no Jobs.';
    return write(store, {}, { ready: false, stalled: true, reason: BACKUP_REASON.noJobImage, message }, now);
  }
  return store.status?.job === undefined ? next(world, now) : follow(world, store.status.job, now);
}

/** What the store is to be asked next. */
function next({ store }: StoreWorld, now: Date): TaskDecision {
  const { status } = store;
  const { attempts = 0, checkedAt = '', retryAt: due } = status ?? {};
  const wanted = hashOf(store.spec);
  const waitMs = due === undefined ? 0 : Date.parse(due) - now.getTime();
  const changed = status?.checkedFor !== wanted;
  if (changed || (due !== undefined && waitMs <= 0)) {
    const job = `check-${store.metadata.uid}-${mark(`${wanted} ${checkedAt} ${changed ? 0 : attempts}`)}`;
    const message = 'A Job tries to write, read and delete in the store.';
    const standing = { ready: false, stalled: false, reason: BACKUP_REASON.checking, message };
    const change = { job, checkedFor: wanted, retryAt: undefined, location: locationOf(store) };
    return write(store, { ...change, ...(changed ? { attempts: 0 } : {}) }, standing, now);
  }
  if (due !== undefined) return wait(waitMs);
  const token = store.metadata.annotations?.[Annotation.list]?.slice(0, 253);
  if (token === undefined || token === '' || token === status?.listed?.token) return wait();
  const listing = status?.listing?.token === token ? status.listing : { token, found: 0 };
  const job = `list-${store.metadata.uid}-${mark(`${token} ${listing.after ?? ''}`)}`;
  return write(store, { job, listing }, { ...FINE, reason: BACKUP_REASON.listing }, now);
}

const FINE: Standing = {
  ready: true,
  stalled: false,
  reason: BACKUP_REASON.ready,
  message: 'The store can be written, read and deleted from.',
};

function follow(world: StoreWorld, job: string, now: Date): TaskDecision {
  const state = jobState(world.task, now);
  switch (state.state) {
    case 'Missing':
      return { actions: [makeJob(world, job)], requeueAfterMs: undefined };
    case 'Settling':
      return wait(1_000);
    case 'Running':
      return wait(60_000);
    case 'Lost':
      return only(
        afterLost(
          state,
          (message) => failed(world.store, BACKUP_REASON.jobLost, message, true, now).actions[0],
        ),
      );
    case 'Ended':
      return state.result.ok
        ? answered(world, state.result, now)
        : failed(world.store, state.result.reason, state.result.message, state.result.retryable, now);
  }
}

function answered(world: StoreWorld, result: Extract<JobResult, { ok: true }>, now: Date): TaskDecision {
  const { store } = world;
  if (result.operation === 'check')
    return write(store, { job: undefined, attempts: undefined, checkedAt: rfc3339(now) }, FINE, now);
  const { listing } = store.status ?? {};
  if (result.operation !== 'list' || listing === undefined)
    return failed(store, BACKUP_REASON.jobLost, 'The Job reported another operation.', true, now);
  const missing = result.backups.filter(({ location }) => !isKnown(world.backups, location.uid));
  if (missing.length > 0)
    return { actions: missing.map((entry) => made(world, entry)), requeueAfterMs: undefined };
  const { token } = listing;
  const found = listing.found + result.backups.length;
  if (result.next !== undefined)
    return write(store, { job: undefined, listing: { token, found, after: result.next } }, FINE, now);
  const listed = { token, at: rfc3339(now), found };
  return write(store, { job: undefined, listing: undefined, attempts: undefined, listed }, FINE, now);
}

function isKnown(backups: readonly Backup[], uid: string): boolean {
  return backups.some(
    ({ metadata, status }) =>
      metadata.uid === uid ||
      status?.location?.uid === uid ||
      (metadata.annotations?.[LISTED]?.includes(`"uid":"${uid}"`) ?? false),
  );
}

/** An InfluxBackup for what is in the store and has none: nothing of it is taken or deleted by that. */
function made({ store, backups }: StoreWorld, entry: ListEntry): TaskAction {
  const { location, manifestSha256, addonName, startedAt, completedAt, plan, class: planClass } = entry;
  const { engineVersion, bytes, dataBytes, points, encrypted } = entry;
  const isTaken = backups.some(({ metadata }) => metadata.name === entry.name);
  const found = {
    store: store.metadata.name,
    storeLocation: locationOf(store),
    location,
    manifestSha256,
    addonName,
    startedAt,
    completedAt,
    plan,
    class: planClass,
    engineVersion,
    bytes,
    dataBytes,
    ...(points === undefined ? {} : { points }),
    encrypted,
  } satisfies ListedBackup;
  const object = {
    metadata: {
      name: isTaken ? `${entry.name.slice(0, 240)}-${mark(location.uid)}` : entry.name,
      namespace: store.metadata.namespace ?? '',
      labels: { 'app.kubernetes.io/managed-by': MANAGED_BY },
      annotations: { [LISTED]: JSON.stringify(found) },
    },
    spec: { addonRef: { name: addonName }, kind: entry.kind, deletionPolicy: 'Retain' },
  } as KubeObject;
  return { do: 'create', kind: InfluxBackup as Kind<KubeObject>, object };
}

/** A store that fails is tried again for ever, ever more rarely: it may be mended where nobody tells the operator. */
function failed(
  store: Live<InfluxBackupStore>,
  reason: BackupReason,
  why: string,
  retryable: boolean,
  now: Date,
): TaskDecision {
  const attempts = (store.status?.attempts ?? 0) + 1;
  const due = rfc3339(retryAt(attempts, now));
  const message = `${why} It is tried again at ${due}, or when the spec changes.`;
  const standing = { ready: false, stalled: !retryable, reason, message };
  return write(store, { job: undefined, attempts, retryAt: due }, standing, now);
}

function makeJob({ store, settings }: StoreWorld, name: string): TaskAction {
  const namespace = store.metadata.namespace ?? '';
  const after = store.status?.listing?.after;
  const operation: Operation = name.startsWith('check-')
    ? { operation: 'check', deadlineSeconds: DEADLINE_SECONDS }
    : {
        operation: 'list',
        deadlineSeconds: DEADLINE_SECONDS,
        namespace,
        ...(after === undefined ? {} : { after }),
      };
  return jobAction(
    {
      name,
      namespace,
      subject: { kind: 'Store', name: store.metadata.name },
      owner: ownerOf('InfluxBackupStore', store),
      store,
      operation,
    },
    { addonName: undefined, image: settings.image ?? '', dataBytes: 0 },
  );
}

function write(
  store: Live<InfluxBackupStore>,
  change: { readonly [K in keyof InfluxBackupStoreStatus]?: InfluxBackupStoreStatus[K] | undefined },
  standing: Standing,
  now: Date,
): TaskDecision {
  const conditions = conditionsFor(store, standing, now);
  const observedGeneration = store.metadata.generation ?? 0;
  const status = given({ ...store.status, ...change, observedGeneration, conditions });
  if (hashOf(status) === hashOf(store.status ?? {})) return wait();
  const action = {
    do: 'status' as const,
    kind: StoreKind as Kind<KubeObject>,
    live: store,
    status,
    events: [],
  };
  return { actions: [action], requeueAfterMs: undefined };
}

function only(action: TaskAction | undefined): TaskDecision {
  return { actions: action === undefined ? [] : [action], requeueAfterMs: undefined };
}

function wait(requeueAfterMs?: number): TaskDecision {
  return {
    actions: [],
    requeueAfterMs: requeueAfterMs === undefined ? undefined : Math.max(50, requeueAfterMs),
  };
}
