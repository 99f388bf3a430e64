import type { ContainerStatus, PodStatus } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { startedMs } from '../database/state.ts';
import { dataFloor } from '../identity/opened.ts';
import { memoryCondition } from '../limits/memory.ts';
import { slimPod } from '../observe/slim.ts';
import { FACTS, inForce, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { containerStatus, IMAGE, podOf, readyStatus, settledSet } from '../testing/pods.ts';
import { engineImage } from './containers.ts';
import { cannotBegin, mayHaveOpenedData, podState } from './state.ts';

const now = NOW.getTime();
const STARTED = '2030-01-01T11:00:00.000Z';

/** As a mesh leaves a pod: a first container that goes on running before ours are begun, and one of its own. */
function meshed(status: PodStatus, mesh: Partial<ContainerStatus> = {}): Live<Pod> {
  const proxy = {
    ...containerStatus('istio-proxy', { running: { startedAt: '2029-12-31T00:00:00Z' } }, mesh),
    image: 'proxy:1',
  };
  const pod = podOf({
    ...status,
    initContainerStatuses: [proxy, ...(status.initContainerStatuses ?? [])],
    containerStatuses: [proxy, ...(status.containerStatuses ?? [])],
  });
  const proxied = { name: 'istio-proxy', image: 'proxy:1' };
  return slimPod({ ...pod, spec: { containers: [proxied, ...(pod.spec?.containers ?? [])] } });
}

describe('beside the containers of others, before ours', () => {
  it('the engine is told by its name', () => {
    const pod = meshed(readyStatus(STARTED));
    expect(engineImage(pod)).toBe(IMAGE);
    expect(startedMs(pod)).toBe(Date.parse(STARTED));
  });

  it('a version whose image cannot be had has opened no data, and is taken back', () => {
    const waiting = { reason: 'ImagePullBackOff' };
    const pod = meshed({ initContainerStatuses: [containerStatus('bootstrap', { waiting })] });
    expect(mayHaveOpenedData(pod)).toBe(false);
    expect(cannotBegin(pod)).toBe(true);
    const facts = { openedBy: '1.8.5', inForce: inForce('1g', '1.8.10') };
    expect(dataFloor(worldOf({ pod }), facts)).toBe('1.8.5');
  });

  it('the bootstrap step may have opened data, theirs has not', () => {
    expect(mayHaveOpenedData(meshed({}))).toBe(false);
    expect(
      mayHaveOpenedData(
        meshed({
          initContainerStatuses: [containerStatus('bootstrap', { running: { startedAt: STARTED } })],
        }),
      ),
    ).toBe(true);
  });

  it.each<Partial<ContainerStatus>>([
    { restartCount: 7, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    { state: { waiting: { reason: 'ImagePullBackOff' } } },
    { restartCount: 1, state: { terminated: { exitCode: 1 } } },
  ])('theirs that is broken (%j) is no trouble of a database that is ready', (broken) => {
    const { containerStatuses = [], ...status } = readyStatus();
    const unready = {
      ...status,
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: containerStatuses.map((each) => ({ ...each, ready: true })),
    };
    expect(podState(meshed(unready, broken), settledSet(), now)).toEqual({ state: 'Ready' });
  });

  it('the trouble of ours is told', () => {
    const { initContainerStatuses = [] } = readyStatus();
    const crashing = containerStatus('influxdb', { waiting: { reason: 'CrashLoopBackOff' } });
    const pod = meshed({ initContainerStatuses, containerStatuses: [crashing] });
    const state = podState(pod, settledSet(), now);
    expect(state).toMatchObject({ state: 'Trouble', reason: 'Degraded' });
    expect(state).toHaveProperty('message', expect.stringContaining('influxdb'));
  });

  it('theirs that is killed for its memory says nothing of the plan', () => {
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: NOW.toISOString() } };
    const pod = meshed(readyStatus(STARTED), { lastState: killed });
    const world = worldOf({ pod, children: { ...NO_CHILDREN, statefulSet: settledSet() } });
    expect(memoryCondition(world, FACTS.inForce?.plan ?? inForce().plan, now)).toMatchObject({
      status: false,
    });
  });
});
