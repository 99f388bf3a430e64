import { READY_REASON, ANSWERING } from '../../api/reasons.ts';
import { given } from '../../kube/objects/given.ts';
import { AN_ADDRESS, type WayIn } from '../access/way-in.ts';
import type { AppsOutcome } from '../apps/decide.ts';
import type { BuildContext } from '../children/context.ts';
import type { ContentsOutcome } from '../database/contents/next.ts';
import { contentsStatus } from '../database/contents/status.ts';
import type { Tried } from '../database/user-secrets.ts';
import { resting, telling, type Outcome } from '../decision/outcome.ts';
import type { BasePicture, Picture } from '../decision/picture.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { Scene } from '../decision/story.ts';
import { loweringRefused } from '../limits/lowering.ts';
import { maintenanceOf } from '../maintenance/told.ts';
import { inTheWayMessage } from '../pod/beside.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { awaitedVolume } from './growing.ts';

/** The database answers as it should: what remains is to say so, and how far the apps are. */
export function runningStep(
  scene: Scene &
    Tried & {
      readonly base: BasePicture;
      readonly facts: Facts;
      readonly target: InForce;
      readonly context: BuildContext;
      readonly way: WayIn;
      readonly revision: string;
      readonly starts: number;
      readonly contents: ContentsOutcome | undefined;
      readonly apps: AppsOutcome | undefined;
      /** When to look again at the database, a rotation and its size, in milliseconds from now. */
      readonly recheckMs: number;
      readonly turnMs: number;
      readonly measureMs: number;
    },
): Outcome {
  const { world, base, facts, target, context, way, revision, starts, contents, apps, untried, now } = scene;
  const { addon } = world;
  const before = addon.status?.dataPlane;
  const outside = way.state === 'Missing' ? way.refusal : undefined;
  const blocked: Refusal | undefined = base.refusal ?? outside ?? contentsRefusal(contents);
  // A rollout of a few seconds is not worth a state of its own: status is stored once, when it is done.
  if (blocked === undefined && apps?.settlingMs !== undefined)
    return resting({ requeueAfterMs: apps.settlingMs });
  const maintenance = maintenanceOf(world, context, blocked !== undefined, now);
  const restarting = apps?.restarting ?? false;
  const growing = awaitedVolume(world, target);
  const lowering = loweringRefused(world, target, now);
  const but = [lowering?.message, inTheWayMessage(world.pod, now)].filter(Boolean).join('; ');
  const picture: Picture = {
    ...base,
    refusal: blocked,
    reconciling: way.state === 'Awaited' || untried.length > 0 || restarting || growing !== undefined,
    growing: growing !== undefined,
    ready:
      blocked === undefined
        ? (growing ?? inForceNow(way, untried, restarting, but))
        : { status: false, reason: READY_REASON.blocked, message: blocked.message },
    available: { status: true, reason: ANSWERING, message: 'the database answers' },
    inForce: target,
    state: 'Running',
    dataPlane: {
      revision,
      verifiedAt:
        before?.revision === revision && before.verifiedAt !== undefined
          ? before.verifiedAt
          : now.toISOString(),
      starts,
      ...given({ apps: apps?.revision ?? before?.apps, healing: before?.healing }),
    },
    apps: apps?.decisions,
    contents: contents && contentsStatus(world, facts.id, contents),
    maintenance,
  };
  const requeueAfterMs = Math.min(
    scene.recheckMs,
    scene.turnMs,
    scene.measureMs,
    scene.tryMs,
    contents?.recheckMs ?? Infinity,
    apps?.lateInMs ?? Infinity,
    lowering?.wakeMs ?? Infinity,
    maintenance.wakeMs ?? Infinity,
    way.state === 'Awaited' ? way.untilMs - now.getTime() : Infinity,
  );
  const waitingFor = way.state === 'Awaited' ? AN_ADDRESS : undefined;
  return telling(picture, { waitingFor, requeueAfterMs });
}

/** All that waits for a user inside the database, under the reason of the first. */
function contentsRefusal(contents: ContentsOutcome | undefined): Refusal | undefined {
  const [first] = contents?.problems ?? [];
  return (
    first && {
      reason: first.reason,
      message: contents?.problems.map(({ message }) => message).join(' ') ?? '',
    }
  );
}

/** The database is done when its apps are still being restarted: they have a condition of their own. */
function inForceNow(
  way: WayIn,
  untried: readonly string[],
  restarting: boolean,
  but: string,
): Picture['ready'] {
  if (way.state === 'Awaited') {
    const message = `Waiting for ${AN_ADDRESS}; the database then gets a certificate for it, and is restarted for all that was asked for, once. Inside the cluster it goes on as it is.`;
    return { status: false, reason: READY_REASON.switchingTls, message };
  }
  if (untried.length > 0) {
    const message = `Waiting for the database to answer to the login of ${untried.join(', ')}: the Secret of a user is made when that is accepted.`;
    return { status: false, reason: READY_REASON.provisioning, message };
  }
  return restarting
    ? {
        status: true,
        reason: READY_REASON.restartingApps,
        message: 'the database answers, and the spec is in force; apps are being restarted',
      }
    : {
        status: true,
        reason: READY_REASON.ready,
        message: ['the database answers, and the spec is in force', but].filter(Boolean).join('; '),
      };
}
