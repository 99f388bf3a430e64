import { EVENT_REASON, READY_REASON, type ReadyReason } from '../../api/reasons.ts';
import type { InfluxTls } from '../../influx/transport.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Announcement, DatabaseAccess } from '../decision/action.ts';
import { acting, telling, type Outcome } from '../decision/outcome.ts';
import { blockedPicture, type BasePicture, type Picture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { changesUsers } from '../identity/rotation-phases.ts';
import { inTheWayMessage } from '../pod/beside.ts';
import { heal, healedInVain } from '../pod/healing.ts';
import { keptDataPlane, startingMessage } from '../pod/starting.ts';
import { lossInEngine } from '../volume/lost.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { contentsStep, type ContentsOutcome } from './contents/next.ts';
import { repairedEvents } from './repaired.ts';
import { accessTo, CHECK_INTERVAL_MS, databaseState, type DatabaseState } from './state.ts';

export interface Asked {
  readonly database: DatabaseState;
  readonly contents: ContentsOutcome | undefined;
  /** How to reach it, and as whom. */
  readonly access: DatabaseAccess;
}

/** Asks the database in the pod, and brings it to what it should hold, one statement or question at a time. */
export function databaseStep(
  scene: Scene & {
    readonly base: BasePicture;
    readonly facts: Facts;
    readonly target: InForce;
    readonly pod: Live<Pod>;
    readonly tls: InfluxTls | undefined;
    readonly revision: string;
    readonly starts: number;
    readonly readOnly: boolean;
    readonly leaving: Refusal | undefined;
    readonly unimplemented: readonly string[];
  },
): Asked | Outcome {
  const { world, facts, target, pod, tls, revision, readOnly, leaving, unimplemented, now } = scene;
  const { addon, memory } = world;
  const nowMs = now.getTime();
  const access = accessTo(pod, facts, tls);
  const contents = contentsStep(world, facts, access, nowMs);
  const database = databaseState({
    pod,
    facts,
    contents: contents?.action,
    knowledge: memory.database,
    revision,
    verifiedRevision: addon.status?.dataPlane?.revision,
    readOnly,
    tls,
    nowMs,
  });
  if (database.state === 'Act') {
    const answer = memory.database?.answer;
    const empty =
      database.action.do === 'changeDatabase' && answer?.ok === true
        ? lossInEngine(world, facts, target, answer.state)
        : undefined;
    // A volume that was emptied under its database is not to be filled with an empty one.
    if (empty !== undefined) {
      const picture = blockedPicture(world, empty, facts, unimplemented);
      return telling(picture, { requeueAfterMs: CHECK_INTERVAL_MS });
    }
    const isMeant = changesUsers(facts) || readOnly || addon.status?.restore !== undefined;
    return acting([database.action], isMeant ? [] : repairedEvents(world, database.action));
  }
  const healing =
    database.state === 'AdministratorLost' && database.restart && leaving === undefined
      ? heal(scene, {
          fault: 'Administrator',
          why: 'the administrator cannot log in',
          event: ADMINISTRATOR_LOST,
        })
      : undefined;
  return healing ?? { database, contents, access };
}

const ADMINISTRATOR_LOST: Announcement = {
  type: 'Warning',
  reason: EVENT_REASON.administratorLost,
  note: 'The administrator cannot log in to the database: the pod is restarted, which heals it.',
};

/** A database that does not answer as it should; one that does tells when to look again. */
export function silentStep({
  world,
  base,
  database,
  starting,
  starts,
  now,
}: Scene & {
  readonly base: BasePicture;
  readonly database: DatabaseState;
  readonly starting: ReadyReason;
  readonly starts: number;
}): { readonly recheckMs: number } | Outcome {
  if (database.state === 'Answering') return { recheckMs: database.recheckMs };
  const { status } = world.addon;
  const others = inTheWayMessage(world.pod, now);
  const message =
    database.state === 'Silent'
      ? `${database.message}${database.untrusted ? healedInVain(status, 'Certificate', now) : ''}${others === undefined ? '' : `; ${others}`}`
      : `the administrator cannot log in${healedInVain(status, 'Administrator', now) || '; the next start of the pod heals it'}`;
  const what = database.state === 'Silent' ? 'the database to answer' : 'the administrator to be healed';
  // A database that comes up answers within a moment: only what lasts is reported as a failure.
  const fresh = starting !== READY_REASON.degraded && (world.memory.database?.failures ?? 0) < 4;
  const reason =
    base.refusal === undefined ? (fresh ? starting : READY_REASON.degraded) : READY_REASON.blocked;
  const text =
    base.refusal?.message ??
    (fresh ? startingMessage(starting, status) : `The database does not answer as it should: ${message}.`);
  const picture: Picture = {
    ...base,
    ready: { status: false, reason, message: text },
    available: { status: false, reason: READY_REASON.degraded, message: text },
    state: 'Running',
    dataPlane: keptDataPlane(status, starts),
  };
  const requeueAfterMs = 'retryMs' in database ? database.retryMs : undefined;
  return telling(picture, { waitingFor: what, requeueAfterMs });
}
