import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { expect, it } from 'vitest';
import { standIn } from './stand-in.ts';

type Amounts = Record<string, string>;
const container = (limits: Amounts, requests: Amounts): Container => ({
  name: 'c',
  resources: { limits, requests },
});
const of = (...containers: Container[]): PodSpec => ({ containers });
const BEFORE = of(container({ memory: '512Mi', cpu: '1' }, { memory: '512Mi', cpu: '250m' }));

it.each<[string, PodSpec, (Container['resources'] | undefined)[] | undefined]>([
  [
    'what is more of each',
    of(container({ memory: '1Gi', cpu: '1' }, { memory: '1Gi', cpu: '1' })),
    [{ limits: { memory: '512Mi', cpu: '0' }, requests: { memory: '512Mi', cpu: '0' } }],
  ],
  [
    'what is more of the whole pod, in its first container',
    of(container({ memory: '512Mi' }, { cpu: '250m' }), container({ memory: '1Mi' }, { cpu: '1500u' })),
    [
      { limits: { memory: '1Mi' }, requests: { cpu: '2m' } },
      { limits: { memory: '0' }, requests: { cpu: '0' } },
    ],
  ],
  [
    'nothing of what is less',
    of(container({ memory: '256Mi', cpu: '2' }, { cpu: '100m' })),
    [{ limits: { memory: '0', cpu: '1' }, requests: { cpu: '0' } }],
  ],
  ['nothing at all: no pod', BEFORE, undefined],
  ['less of everything: no pod', of(container({ memory: '1Mi' }, {})), undefined],
  ['no container: no pod', of(), undefined],
])('stands for a pod with %s', (_, meant, expected) => {
  expect(standIn(meant, BEFORE)?.containers.map(({ resources }) => resources)).toEqual(expected);
});

it('keeps all else of the pod, init containers with nothing of their own', () => {
  const init = container({ memory: '3Gi' }, { memory: '3Gi' });
  const meant = {
    ...of(container({ memory: '1Gi' }, {})),
    priorityClassName: 'high',
    initContainers: [init],
  };
  expect(standIn(meant, BEFORE)).toEqual({
    ...meant,
    containers: [container({ memory: '2560Mi' }, {})],
    initContainers: [container({ memory: '0' }, { memory: '0' })],
  });
});
