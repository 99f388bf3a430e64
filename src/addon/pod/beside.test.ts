import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { BOOTSTRAP_REFUSED_META_MISSING } from '../../influx/bootstrap-words.ts';
import type { Service } from '../../kube/objects/kinds.ts';
import { buildService, leadsPastOthers } from '../children/service.ts';
import { slimPod } from '../observe/slim.ts';
import { contextOf, live, NO_CHILDREN, NOW } from '../testing/fixtures.ts';
import { containerStatus, podOf, readyStatus, settledSet } from '../testing/pods.ts';
import { inTheWay, inTheWayMessage } from './beside.ts';
import { podState } from './state.ts';

const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString();
const BROKEN = containerStatus('istio-proxy', { waiting: { reason: 'CrashLoopBackOff' } });
const FINE = { ...BROKEN, ready: true, state: { running: { startedAt: ago(600) } } };

interface Beside {
  readonly others?: readonly ContainerStatus[];
  readonly before?: readonly ContainerStatus[];
  readonly engine?: Partial<ContainerStatus>;
  readonly ready?: 'True' | 'False';
  readonly sinceS?: number;
  readonly metadata?: object;
}

/** A pod whose engine has been ready for ten minutes, beside what others have put there. */
function podBeside({
  others = [],
  before = [],
  engine = {},
  ready = 'False',
  sinceS = 600,
  metadata,
}: Beside) {
  const { initContainerStatuses = [], containerStatuses = [], ...status } = readyStatus(ago(600));
  const ours = containerStatuses.map((each) => ({ ...each, ready: true, ...engine }));
  const conditions = [{ type: 'Ready', status: ready, lastTransitionTime: ago(sinceS) }];
  const statuses = {
    initContainerStatuses: [...before, ...initContainerStatuses],
    containerStatuses: [...others, ...ours],
  };
  return slimPod(podOf({ ...status, conditions, ...statuses }, metadata));
}

describe('who keeps the pod from being ready though the engine is', () => {
  it.each<[string, Beside, string[]]>([
    ['a container of others that is not ready', { others: [BROKEN] }, ['istio-proxy']],
    ['one that runs and is not ready', { others: [{ ...FINE, ready: false }] }, ['istio-proxy']],
    ['one that is to run from before ours on', { before: [BROKEN] }, ['istio-proxy']],
    [
      'all of them',
      { others: [BROKEN, { ...BROKEN, name: 'log' }, { ...FINE, name: 'ok' }] },
      ['istio-proxy', 'log'],
    ],
    ['nobody, in a pod that is ready', { others: [BROKEN], ready: 'True' }, []],
    ['nobody, where all of others are ready', { others: [FINE] }, []],
    ['nobody, while the engine is not ready', { others: [BROKEN], engine: { ready: false } }, []],
    ['nobody for half a minute', { others: [BROKEN], sinceS: 29 }, []],
    [
      'nobody for half a minute after the engine came up',
      { others: [BROKEN], engine: { state: { running: { startedAt: ago(29) } } } },
      [],
    ],
    ['nobody in a pod that ends', { others: [BROKEN], metadata: { deletionTimestamp: ago(1) } }, []],
    ['not the agent, which is ours', { others: [{ ...BROKEN, name: 'agent' }] }, []],
  ])('%s', (_, beside, names) => {
    const pod = podBeside(beside);
    expect(inTheWay(pod, NOW)).toEqual(names);
    const message = inTheWayMessage(pod, NOW);
    if (names.length === 0) expect(message).toBeUndefined();
    for (const name of names) expect(message).toContain(name);
  });
});

describe('the Service', () => {
  const asItIs = buildService(contextOf());
  const leading = buildService({ ...contextOf(), pastOthers: true });
  const leads = (pod: ReturnType<typeof podBeside> | undefined, service: Service) =>
    leadsPastOthers({ pod, children: { ...NO_CHILDREN, service: live(service) } }, NOW);

  it('leads to a pod that is not ready only when it has to', () => {
    expect(asItIs.spec).not.toHaveProperty('publishNotReadyAddresses');
    expect(leading.spec?.publishNotReadyAddresses).toBe(true);
    expect(leads(podBeside({ others: [FINE], ready: 'True' }), asItIs)).toBe(false);
    expect(leads(podBeside({ others: [BROKEN] }), asItIs)).toBe(true);
  });

  it.each<[string, ReturnType<typeof podBeside> | undefined, boolean]>([
    ['while that comes and goes', podBeside({ others: [FINE], ready: 'True' }), true],
    ['while there is no pod', undefined, true],
    ['while nothing is known of the containers of the pod', slimPod(podOf({})), true],
    ['not when the next pod has none of others', podBeside({ ready: 'True' }), false],
  ])('goes on with that %s', (_, pod, goesOn) => {
    expect(leads(pod, leading)).toBe(goesOn);
    expect(leads(pod, asItIs)).toBe(false);
  });
});

describe('what others have put before our containers', () => {
  const waits = (before: Partial<ContainerStatus>) => {
    const { initContainerStatuses: _, ...status } = readyStatus();
    const conditions = [{ type: 'Ready', status: 'False' }];
    const init = containerStatus('vault-init', {}, { image: 'vault:1', ...before });
    const bootstrap = containerStatus('bootstrap', { waiting: { reason: 'PodInitializing' } });
    const pod = { ...status, conditions, initContainerStatuses: [init, bootstrap], containerStatuses: [] };
    return podState(slimPod(podOf(pod)), settledSet(), NOW.getTime());
  };
  const repeated = { restartCount: 2, lastState: { terminated: { exitCode: 3 } } };

  it.each<[string, Partial<ContainerStatus>, string]>([
    [
      'cannot be pulled',
      { state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } },
      'vault:1',
    ],
    ['keeps ending', { ...repeated, state: { waiting: { reason: 'CrashLoopBackOff' } } }, 'exit code 3'],
    ['has ended again', { restartCount: 1, state: { terminated: { exitCode: 3 } } }, 'exit code 3'],
  ])('is named when it %s', (_, before, words) => {
    const state = waits(before);
    expect(state).toMatchObject({ state: 'Trouble', reason: 'Degraded', refusal: undefined });
    expect(state).toHaveProperty('message', expect.stringContaining('vault-init'));
    expect(state).toHaveProperty('message', expect.stringContaining(words));
  });

  it.each<[string, Partial<ContainerStatus>]>([
    ['runs', { state: { running: { startedAt: ago(5) } } }],
    ['runs once more', { ...repeated, state: { running: { startedAt: ago(5) } } }],
    ['has ended once', { state: { terminated: { exitCode: 3 } } }],
    ['is through', { restartCount: 1, ready: true, state: { terminated: { exitCode: 0 } } }],
  ])('is waited for while it %s', (_, before) => {
    expect(waits(before)).toMatchObject({ state: 'Starting' });
  });

  it('and cannot be believed about the data, whatever it says', () => {
    const message = `${BOOTSTRAP_REFUSED_META_MISSING}: it is gone`;
    const state = waits({ restartCount: 1, state: { terminated: { exitCode: 3, message } } });
    expect(state).toMatchObject({ reason: 'Degraded', refusal: undefined });
  });
});
