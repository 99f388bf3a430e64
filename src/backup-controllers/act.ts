import { readEvents } from '../addon/act/cluster-events.ts';
import type { Stores } from '../addon/observe/stores.ts';
import { storeOf } from '../addon/observe/stores.ts';
import { ApiError } from '../kube/api/api-error.ts';
import type { KubeClient } from '../kube/api/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { Job, type Kind } from '../kube/objects/kinds.ts';
import type { Logger } from '../kube/log.ts';
import type { KubeObject, Live } from '../kube/objects/types.ts';
import type { WarningEvents } from '../kube/warning-events.ts';
import { describe, type TaskAction, type TaskDecision } from './decision/action.ts';
import { MADE_AT } from './world/labels.ts';

/** What the controllers of backups act through. */
export interface TaskActor {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly events: Pick<EventRecorder, 'event'>;
  readonly clock: Clock;
  readonly warnings: Pick<WarningEvents, 'newest'>;
  readonly log: Logger;
  /** Told the reason of each event, for those who count. */
  readonly onTold?: ((reason: string) => void) | undefined;
}

/** Passes within one run; one that needs more goes to the back of the queue. */
const MAX_PASSES = 12;

/** Observe, decide, act, until there is nothing to do but wait. `decide` reads the caches and the clock it is given. */
export async function runTasks(
  actor: TaskActor,
  key: string,
  decide: (now: Date) => TaskDecision | undefined,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    signal.throwIfAborted();
    const decision = decide(new Date(actor.clock.now()));
    if (decision === undefined) return {};
    if (decision.actions.length === 0)
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    for (const action of decision.actions) {
      actor.log.info({ key, pass }, describe(action));
      await act(actor, action, signal);
    }
  }
  return { requeueAfterMs: 1 };
}

/** Performs one action. Throws ApiError for what trying again may mend. */
async function act(actor: TaskActor, action: TaskAction, signal: AbortSignal): Promise<void> {
  const { client, stores, events, warnings } = actor;
  const { kind } = action;
  switch (action.do) {
    case 'create': {
      const { object, refused } = action;
      const dated = kind.kind === Job.kind ? withDate(object, actor.clock) : object;
      const made = await create(client, kind, dated, signal).catch(async (reason: unknown) => {
        const instead = refused?.(refusalOf(reason));
        if (instead === undefined) throw reason;
        await act(actor, instead, signal);
      });
      if (made !== undefined) storeOf(stores, kind)?.recordWrite(made);
      return;
    }
    case 'status': {
      const live = await client.writeStatus(kind, action.live, action.status, signal).catch(unlessGone);
      if (live === undefined) return;
      storeOf(stores, kind)?.recordWrite(live);
      for (const { type, reason, note } of action.events) {
        events.event(live, { type, reason, action: 'Reconcile', note });
        actor.onTold?.(reason);
      }
      return;
    }
    case 'finalizers': {
      const { name, namespace, uid, resourceVersion } = action.live.metadata;
      const body = { metadata: { uid, resourceVersion, finalizers: action.finalizers } };
      const key = { name, namespace: namespace ?? '' };
      const live = await client.patch(kind, key, body, { type: 'merge' }, signal).catch(unlessGone);
      if (live === undefined) return;
      const store = storeOf(stores, kind);
      const gone = live.metadata.deletionTimestamp !== undefined && action.finalizers.length === 0;
      if (gone) store?.recordDelete(`${namespace}/${name}`, uid);
      else store?.recordWrite(live);
      return;
    }
    case 'delete':
      return remove(actor, kind, action.live, signal);
    case 'giveUp': {
      const words = await explain(warnings, action.live.metadata.namespace ?? '', action.names, signal);
      await remove(actor, kind, action.live, signal);
      const next = action.next(words);
      if (next !== undefined) await act(actor, next, signal);
    }
  }
}

async function remove(
  { client, stores }: TaskActor,
  kind: Kind<KubeObject>,
  live: Live<KubeObject>,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, uid, resourceVersion, finalizers = [] } = live.metadata;
  const key = { name, namespace: namespace ?? '' };
  await client.delete(kind, key, { uid, resourceVersion, propagationPolicy: 'Background' }, signal);
  // An object with finalizers goes on for a while: the watch tells.
  if (finalizers.length === 0) storeOf(stores, kind)?.recordDelete(`${namespace}/${name}`, uid);
}

/** What the newest event of one of them says. Where there is no addon the operator may not read events. */
async function explain(
  warnings: TaskActor['warnings'],
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await readEvents(warnings, namespace, names, signal)).message;
  } catch (reason) {
    if (ApiError.from(reason).isForbidden) return undefined;
    throw reason;
  }
}

function withDate(object: KubeObject, clock: Clock): KubeObject {
  const { metadata } = object;
  const annotations = { ...metadata?.annotations, [MADE_AT]: new Date(clock.now()).toISOString() };
  return { ...object, metadata: { ...metadata, annotations } };
}

/** The object as it is there now: made, or found where an earlier write of ours was lost on its way back. */
async function create(
  client: KubeClient,
  kind: Kind<KubeObject>,
  object: KubeObject,
  signal: AbortSignal,
): Promise<Live<KubeObject>> {
  try {
    return await client.create(kind, object, signal);
  } catch (reason) {
    const error = ApiError.from(reason);
    if (!error.isAlreadyExists) throw error;
    const { name = '', namespace = '' } = object.metadata ?? {};
    const live = await client.get(kind, { name, namespace }, signal);
    // Somebody else's: it is left alone, and looked at again ever more rarely.
    const managed = 'app.kubernetes.io/managed-by';
    if (live?.metadata.labels?.[managed] !== object.metadata?.labels?.[managed] || live === undefined)
      throw error;
    return live;
  }
}

/** What the API server says of an object that it refuses for its content: by quota, policy or schema. Else throws it. */
function refusalOf(reason: unknown): string {
  const error = ApiError.from(reason);
  if (!(error.isForbidden || error.isInvalid) || error.isNamespaceTerminating) throw error;
  return error.message;
}

function unlessGone(reason: unknown): undefined {
  const error = ApiError.from(reason);
  if (error.isNotFound) return undefined; // it went meanwhile: there is nobody left to tell
  throw error;
}
