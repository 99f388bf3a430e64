import type { ContentsStep } from '../../contents/step.ts';
import type { Action, Announcement } from '../decision/action.ts';
import { digestOf } from './contents/next.ts';
import { isAbout } from './state.ts';
import { EVENT_REASON } from '../../api/reasons.ts';
import type { World } from '../world/world.ts';

/** Tells of statements that brought a running database back to what it should hold. */
export function repairedEvents(world: World, action: Action): Announcement[] {
  if (action.do === 'changeContents') return contentsEvents(world, action);
  if (action.do !== 'changeDatabase' || world.addon.status?.dataPlane?.revision === undefined) return [];
  const what = action.steps.map((step) => step.what).join(', ');
  // What was in it is gone, whoever dropped it.
  const isDropped = action.steps.some((step) => step.what === 'CreateDatabase');
  return [
    {
      type: isDropped ? 'Warning' : 'Normal',
      reason: EVENT_REASON.databaseRepaired,
      note: `The database was not as it should be and is repaired: ${what}.`,
    },
  ];
}

/** Another try of what the engine refused, or did not answer in time, is no news. */
function contentsEvents(
  world: World,
  { access, steps, generation }: Extract<Action, { do: 'changeContents' }>,
): Announcement[] {
  const { contents } = world.memory;
  const isNews = (step: ContentsStep): boolean => {
    const sent = isAbout(contents, access) ? contents.sent.get(digestOf(step)) : undefined;
    // Whether it is carried out, the engine decides.
    if (step.onlyIf !== undefined) return false;
    const failed = sent !== undefined && (sent.refusal !== undefined || sent.timedOut === true);
    return !failed || sent.generation !== generation;
  };
  const news = steps.filter(isNews);
  return news.length === 0 ? [] : [contentsEvent(world, news)];
}

/** What the spec asks for anew is a change; what somebody else did is repaired. */
function contentsEvent({ addon }: World, steps: readonly ContentsStep[]): Announcement {
  const what = steps.map((step) => `${step.what} ${step.name}`).join(', ');
  const asked = addon.status?.observedGeneration !== addon.metadata.generation;
  if (asked)
    return {
      type: 'Normal',
      reason: EVENT_REASON.contentsChanged,
      note: `The contents of the database are brought to what the spec lists: ${what}.`,
    };
  const lost = steps.filter((step) => step.what === 'CreateRetentionPolicy' && wasTold(addon, step.name));
  const gone = lost.map(({ name }) => name).join(', ');
  return {
    type: lost.length === 0 ? 'Normal' : 'Warning',
    reason: EVENT_REASON.databaseRepaired,
    note:
      `The contents of the database were not as the spec lists them and are repaired: ${what}.` +
      (lost.length === 0 ? '' : ` What was in the retention policies that are made again is gone: ${gone}.`),
  };
}

/** One that was there when the database was last looked at: somebody dropped it, and its points with it. */
function wasTold(addon: World['addon'], policy: string): boolean {
  return addon.status?.retentionPolicies?.some(({ name }) => name === policy) ?? false;
}
