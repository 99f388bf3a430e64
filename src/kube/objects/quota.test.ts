import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { expect, it } from 'vitest';
import { fitsWithout, isAboutQuota } from './quota.ts';

const PREFIX = 'pods "db-0" is forbidden: exceeded quota: small, ';
const sized = (memory: string, more: object = {}): PodSpec['containers'][number] =>
  ({ name: 'c', resources: { limits: { memory }, requests: { memory, cpu: '250m' } }, ...more }) as never;
const of = (...containers: PodSpec['containers']): PodSpec => ({ containers });

it.each<[string, PodSpec, string, boolean]>([
  [
    'the place of the other is enough',
    of(sized('512Mi')),
    'requested: limits.memory=1Gi, used: limits.memory=1536Mi, limited: limits.memory=2Gi',
    true,
  ],
  [
    'one byte is missing',
    of(sized('512Mi')),
    'requested: limits.memory=1073741825, used: limits.memory=1536Mi, limited: limits.memory=2Gi',
    false,
  ],
  [
    'of two resources one is missing',
    of(sized('512Mi')),
    'requested: requests.cpu=1,requests.memory=1Gi, used: requests.cpu=250m,requests.memory=512Mi, limited: requests.cpu=500m,requests.memory=1Gi',
    false,
  ],
  ['it is the number of pods', of(sized('512Mi')), 'requested: pods=1, used: pods=3, limited: pods=3', true],
  [
    'a name without a side is a request',
    of(sized('512Mi')),
    'requested: cpu=300m, used: cpu=1, limited: cpu=1050m',
    true,
  ],
  [
    'a resource that the other has none of',
    of(sized('512Mi')),
    'requested: requests.storage=1, used: requests.storage=1, limited: requests.storage=1',
    false,
  ],
  [
    'sidecars count with the containers, other init containers only while they run',
    {
      ...of(sized('100Mi')),
      initContainers: [sized('50Mi', { restartPolicy: 'Always' }), sized('80Mi')],
    },
    'requested: limits.memory=150Mi, used: limits.memory=150Mi, limited: limits.memory=150Mi',
    true,
  ],
  [
    'a large init container counts instead',
    { ...of(sized('100Mi')), initContainers: [sized('1Gi')], overhead: { memory: '1Mi' } },
    'requested: limits.memory=1025Mi, used: limits.memory=1025Mi, limited: limits.memory=1025Mi',
    true,
  ],
  [
    'of all that one quota refuses the other makes room for each',
    of(sized('1Gi')),
    'requested: limits.memory=2Gi,pods=1,requests.cpu=500m,requests.memory=2Gi, used: limits.memory=3Gi,pods=4,requests.cpu=750m,requests.memory=3Gi, limited: limits.memory=4Gi,pods=4,requests.cpu=1,requests.memory=4Gi',
    true,
  ],
  [
    'of all that one quota refuses it makes room for each but the last',
    of(sized('1Gi')),
    'requested: limits.memory=2Gi,pods=1,requests.cpu=500m,requests.memory=2Gi, used: limits.memory=3Gi,pods=4,requests.cpu=750m,requests.memory=3Gi, limited: limits.memory=4Gi,pods=4,requests.cpu=1,requests.memory=3Gi',
    false,
  ],
  [
    'an object count beside amounts',
    of(sized('1Gi')),
    'requested: count/pods=1,memory=1536Mi, used: count/pods=10,memory=9728Mi, limited: count/pods=10,memory=10Gi',
    true,
  ],
  [
    'somebody repeats the message within words of their own',
    of(sized('512Mi')),
    'requested: pods=1, used: pods=3, limited: pods=3) (retry later)',
    true,
  ],
])('%s', (_, leaving, amounts, fits) => {
  expect(fitsWithout(PREFIX + amounts, leaving)).toBe(fits);
});

it('says nothing about another refusal', () => {
  const message = 'pods "db-0" is forbidden: no PriorityClass with name typo was found';
  expect(isAboutQuota(message)).toBe(false);
  expect(fitsWithout(message, of())).toBe(false);
});
