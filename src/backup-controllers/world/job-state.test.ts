import { expect, it } from 'vitest';
import type { Job } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { jobState } from './job-state.ts';
import { MADE_AT } from './labels.ts';

const NOW = new Date('2030-01-31T12:00:00Z');

function job(creationTimestamp: string, madeAt?: string): Live<Job> {
  const annotations = madeAt === undefined ? {} : { [MADE_AT]: madeAt };
  return { metadata: { name: 'take-1', uid: 'u', resourceVersion: '1', creationTimestamp, annotations } };
}

it.each([
  [
    'made a moment ago, by the clock of who made it',
    '2030-01-01T00:00:00Z',
    '2030-01-31T11:59:59Z',
    'Running',
  ],
  ['made long ago, by the clock of who made it', '2030-01-31T11:59:59Z', '2030-01-31T11:49:00Z', 'Lost'],
  ['of an older release, and new', '2030-01-31T11:59:59Z', undefined, 'Running'],
  ['of an older release, and old', '2030-01-31T11:49:00Z', undefined, 'Lost'],
])('a Job without a pod that was %s', (_, created, madeAt, state) => {
  expect(jobState({ job: job(created, madeAt), pod: undefined }, NOW).state).toBe(state);
});
