import { isPaused } from '../../api/addon-defaults.ts';
import { earliest, type TaskAction, type TaskDecision } from '../decision/action.ts';
import { dueStep } from './due.ts';
import { drillStep } from '../jobs/drill.ts';
import { expiryStep } from './expiry.ts';
import { adopt } from './listed.ts';
import { take } from './imported.ts';
import { byAge, phaseOf, statusAction, type Backup } from '../decision/phase.ts';
import { expire, finalizerStep, leave } from './remove.ts';
import { begin, follow, type Step } from './take.ts';
import type { BackupsWorld } from '../world/world.ts';

/**
 * Everything about the backups that name one addon, whether or not it exists (they outlive it): which is due, which is
 * taken now (one at a time), which is kept no longer, and what is deleted with its object. Pure.
 */
export function decideBackups(world: BackupsWorld, now: Date): TaskDecision {
  const backups = world.backups.toSorted(byAge);
  const leaving = backups.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const steps: Step[] = leaving.map((backup) => leave(world, backup, now));
  // Nothing new is begun in a namespace that goes; what runs goes with it.
  if (world.namespaceTerminating) return decision(steps);

  const staying = backups.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const finalizers = staying.map(finalizerStep).filter((each) => each !== undefined);
  if (finalizers.length > 0) return decision([...steps, ...finalizers.map(only)]);

  const first = firstInLine(staying);
  for (const backup of staying) steps.push(stepOf(world, backup, backup === first, now));
  const isHeld = world.addon !== undefined && isPaused(world.addon);
  const expiring = isHeld ? undefined : expiryStep(world, now);
  if (expiring !== undefined) steps.push(dueStep(world, now), expiring);
  // One write to a backup at a time.
  if (expiring?.action === undefined) steps.push(drillStep(world, now));
  return decision(steps);
}

function stepOf(world: BackupsWorld, backup: Backup, isFirst: boolean, now: Date): Step {
  switch (phaseOf(backup)) {
    case 'New':
      return begin(world, backup, isFirst, now);
    case 'Listed':
      return only(adopt(backup, now));
    case 'Imported':
      return only(take(backup, now));
    case 'Running':
      return follow(world, backup, now);
    case 'Expired':
      return expire(world, backup, now);
    case 'Completed':
    case 'Failed':
      return only(seen(backup, now));
  }
}

/** Its deletionPolicy was edited: that counts from now on, and whoever waits for the edit to be seen is told. */
function seen(backup: Backup, now: Date): TaskAction | undefined {
  const { observedGeneration, conditions = [] } = backup.status ?? {};
  const { generation = 0 } = backup.metadata;
  if (observedGeneration === undefined || observedGeneration >= generation) return undefined;
  const of = (type: string) => conditions.find((each) => each.type === type);
  const { reason = '', message = '' } = of('Ready') ?? {};
  const standing = { ready: isTrue(of('Ready')), stalled: isTrue(of('Stalled')), reason, message };
  return statusAction(backup, {}, standing, now);
}

function isTrue(condition: { readonly status: string } | undefined): boolean {
  return condition?.status === 'True';
}

/** One that has begun goes on; else the oldest begins. */
function firstInLine(backups: readonly Backup[]): Backup | undefined {
  return (
    backups.find((each) => phaseOf(each) === 'Running') ?? backups.find((each) => phaseOf(each) === 'New')
  );
}

function only(action: TaskAction | undefined): Step {
  return { action, wakeMs: undefined };
}

function decision(steps: readonly Step[]): TaskDecision {
  const actions = steps.map(({ action }) => action).filter((each) => each !== undefined);
  return { actions, requeueAfterMs: earliest(steps.map(({ wakeMs }) => wakeMs)) };
}
