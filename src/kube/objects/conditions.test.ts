import { expect, test } from 'vitest';
import type { ConditionNow } from './conditions.ts';
import { setCondition } from './conditions.ts';

const MONDAY = Date.UTC(2026, 0, 5);
const TUESDAY = Date.UTC(2026, 0, 6);
const ready: ConditionNow = {
  type: 'Ready',
  status: 'False',
  reason: 'Provisioning',
  message: 'waiting',
  observedGeneration: 1,
};

test('lastTransitionTime moves with the status and with nothing else', () => {
  let conditions = setCondition([], ready, MONDAY);
  conditions = setCondition(conditions, { ...ready, reason: 'Blocked', observedGeneration: 2 }, TUESDAY);
  expect(conditions).toEqual([
    { ...ready, reason: 'Blocked', observedGeneration: 2, lastTransitionTime: '2026-01-05T00:00:00Z' },
  ]);
  conditions = setCondition(conditions, { ...ready, status: 'True' }, TUESDAY);
  expect(conditions[0]?.lastTransitionTime).toBe('2026-01-06T00:00:00Z');
});

test('nothing new gives the same array, so that nothing is written', () => {
  const conditions = setCondition([], ready, MONDAY);
  expect(setCondition(conditions, { ...ready }, TUESDAY)).toBe(conditions);
});

test('the order stays, whatever is set', () => {
  let conditions = setCondition([], ready, MONDAY);
  conditions = setCondition(conditions, { ...ready, type: 'Available' }, MONDAY);
  const before = conditions;
  conditions = setCondition(conditions, { ...ready, status: 'True' }, TUESDAY);
  expect(conditions.map(({ type }) => type)).toEqual(['Ready', 'Available']);
  expect(before[0]?.status).toBe('False');
});
