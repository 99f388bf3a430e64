import { wayInStep } from './access/way-in.ts';
import { formerKeysStep, untilKeysGo } from './apps/former-keys.ts';
import { frozenCopiesStep } from './apps/frozen/step.ts';
import { appsStep, keepingVariables } from './apps/step.ts';
import { unbindStep } from './apps/unbinding.ts';
import { agentPairStep } from './backups/agent.ts';
import { filledStep, fillStep } from './backups/fill.ts';
import { writesStoppedStep, writeStopStep } from './backups/write-stop.ts';
import { tellingContests } from './children/contested/contest.ts';
import { dryRunStep } from './children/dry-run.ts';
import { unboundClaimStep } from './children/intent/unbound-claim.ts';
import { adminSecretStep, changesStep, childrenStep } from './children/lacking/step.ts';
import { contextStep } from './children/step.ts';
import { databaseStep, silentStep } from './database/step.ts';
import { userSecretsStep } from './database/user-secrets.ts';
import type { Decision } from './decision/action.ts';
import { story, type Scene } from './decision/story.ts';
import { frozenStep } from './identity/frozen.ts';
import { settleStep } from './identity/step.ts';
import { acceptedStep } from './lifecycle/accepted.ts';
import { leavingNamespaceStep, pausedStep } from './lifecycle/aside.ts';
import { deletionStep } from './lifecycle/deletion.ts';
import { finalizerStep } from './lifecycle/finalizer.ts';
import { heldBackStep } from './lifecycle/held-back.ts';
import { inForceStep } from './lifecycle/in-force.ts';
import { rememberingAccepted } from './lifecycle/last-accepted.ts';
import { runningStep } from './lifecycle/running.ts';
import { stoppedStep, stoppingStep } from './lifecycle/stopped.ts';
import { withheldStep } from './lifecycle/withheld.ts';
import { reopenLogStep } from './limits/reopen-log.ts';
import { growthStep, measureStep } from './limits/step.ts';
import { beginStep } from './maintenance/begin.ts';
import { takeInStep } from './maintenance/step.ts';
import { podStep } from './pod/step.ts';
import { rightsStep } from './rights/step.ts';
import { lastTurnStep, tellingTurns, turnStep } from './rotation/step.ts';
import { decisionOf } from './status/decision.ts';
import { certificateFirstStep, certificateLaterStep, certifiedStep } from './tls/step.ts';
import { unreadStep } from './tls/unread.ts';
import { leavingStep, releaseStep } from './volume/leaving.ts';
import { lossStep, lostStep } from './volume/lost.ts';
import { sparingThePod } from './volume/spare-pod.ts';
import { wishStep } from './wish/step.ts';
import type { World } from './world/world.ts';

/** What a decision gets beside the world. */
export type Environment = Omit<Scene, 'world'>;

/**
 * The whole story of an addon: from what is, the next actions and the status that is true now. Pure: no I/O, no clock
 * but `now`, no randomness but `fresh`. While there are actions, the caller acts and decides again; the status of a
 * decision without actions is the one to store.
 */
export function decide(world: World, environment: Environment): Decision {
  const outcome = story({ world, ...environment })
    // What is going, or is somebody else's to work on, is left alone. All that follows needs rights, and all that is
    // made has to be cleaned up again: so the finalizer before the first thing.
    .step(deletionStep)
    .step(leavingNamespaceStep)
    .step(pausedStep)
    .step(finalizerStep)
    .step(rightsStep)
    // What takes nothing but rights: no state of the database and no refused spec keeps variables in an app.
    .step(unbindStep)
    // Secrets that can be changed again, before anything asks for that; first, who may keep what they hold now.
    .step(frozenCopiesStep)
    .step(frozenStep)
    // Who the database is, and whether its pod may be ended at all: before anything that may end it.
    .step(settleStep)
    .step(leavingStep)
    .guarded(sparingThePod)
    .step(releaseStep)
    // Maintenance begins with a status that says so: whatever it takes in is taken in because of that.
    .step(beginStep)
    // What it is to run with: what is asked for, as far as it can be had, and what the platform wants with it. What
    // stands behind `acceptedStep` sees nothing of a spec that is refused.
    .step(wayInStep)
    .step(wishStep)
    .step(takeInStep)
    .step(acceptedStep)
    .guarded(rememberingAccepted)
    .step(inForceStep)
    // What became of the volume decides whether anything may be made of it.
    .step(lossStep)
    .step(filledStep)
    .step(formerKeysStep)
    .guarded(untilKeysGo)
    .step(contextStep)
    .guarded(keepingVariables)
    .step(certifiedStep)
    // The children. What would be refused is known before anything of it is done. What is in force is recorded before
    // anything is made of it; the agent's certificates are there before the pod that mounts them.
    .step(changesStep)
    .guarded(tellingContests)
    .step(withheldStep)
    .step(dryRunStep)
    .step(adminSecretStep)
    .step(unboundClaimStep)
    .step(agentPairStep)
    .step(stoppingStep)
    .step(childrenStep)
    .step(lostStep)
    // What the database needs before it is started, or to come up at all.
    .step(growthStep)
    .step(fillStep)
    .step(certificateFirstStep)
    .step(heldBackStep)
    .step(stoppedStep)
    .step(podStep)
    .step(reopenLogStep)
    // The database in the pod: what it holds is put right before a probe, and the probe before anybody is told.
    .step(writeStopStep)
    .step(databaseStep)
    .step(unreadStep)
    .step(writesStoppedStep)
    .step(silentStep)
    // Credentials before apps, so that new ones and whatever else is new cost an app one restart.
    .step(userSecretsStep)
    .step(turnStep)
    .guarded(tellingTurns)
    .step(appsStep)
    .step(lastTurnStep)
    // Off the path to Ready.
    .step(certificateLaterStep)
    .step(measureStep)
    .end(runningStep);
  return decisionOf({ world, now: environment.now }, outcome);
}
