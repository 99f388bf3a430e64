import { expect, it } from 'vitest';
import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { ContentsStep, ContentsStepKind } from '../../contents/step.ts';
import { ACCESS, addonOf, worldOf } from '../testing/fixtures.ts';
import { repairedEvents } from './repaired.ts';

const TOLD = { name: 'one_week', duration: '7d', shardDuration: '1d', listed: true };

function eventsOf(
  what: ContentsStepKind,
  status: Omit<InfluxAddonStatus, 'observedGeneration'>,
  generation = 1,
) {
  const addon = addonOf({}, { metadata: { generation }, status: { observedGeneration: 1, ...status } });
  const step: ContentsStep = { what, name: 'one_week', statement: '', as: 'Administrator' };
  const action = { do: 'changeContents' as const, access: ACCESS, steps: [step], generation };
  return repairedEvents(worldOf({ addon }), action as Parameters<typeof repairedEvents>[1]);
}

it('a retention policy that somebody dropped, with its points, is a Warning that names it', () => {
  expect(eventsOf('CreateRetentionPolicy', { retentionPolicies: [TOLD] })).toMatchObject([
    { type: 'Warning', reason: 'DatabaseRepaired', note: expect.stringMatching(/gone: one_week\.$/) },
  ]);
});

it.each([
  ['one that was not there yet', () => eventsOf('CreateRetentionPolicy', {}), 'DatabaseRepaired'],
  [
    'one that is only changed back',
    () => eventsOf('AlterRetentionPolicy', { retentionPolicies: [TOLD] }),
    'DatabaseRepaired',
  ],
  [
    'one that the spec asks for anew',
    () => eventsOf('CreateRetentionPolicy', { retentionPolicies: [TOLD] }, 2),
    'ContentsChanged',
  ],
] as const)('%s is none', (_, events, reason) => {
  expect(events()).toMatchObject([{ type: 'Normal', reason, note: expect.not.stringContaining('gone') }]);
});
