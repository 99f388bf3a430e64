import type * as core from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../../../src/kube/clock.ts';
import type { Pod } from './objects.ts';

type State = core.ContainerState;
type ContainerView = { state: State; lastState?: State; ready?: boolean; restarts?: number };

/** How far a pod has come, as the kubelet would tell it. */
export interface PodView {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  ip?: string;
  initialized: boolean;
  ready: boolean;
  /** Of every init container; by default done when initialized. */
  init?: ContainerView;
  /** Of every container; by default as the other fields say. */
  main?: ContainerView;
  /** Overrides the scheduled condition. */
  unschedulable?: string;
  startedAt: string;
  /** For conditions that change. */
  now: string;
}

/** The status for a merge patch: whole lists, since a merge patch knows no other. */
export function podStatus(pod: Pod, view: PodView): core.PodStatus {
  const since = (type: string, status: string): string => {
    const before = pod.status?.conditions?.find((condition) => condition.type === type);
    return before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : view.now;
  };
  const condition = (type: string, met: boolean, reason?: string, message?: string): core.PodCondition => ({
    type,
    status: met ? 'True' : 'False',
    lastTransitionTime: since(type, met ? 'True' : 'False'),
    ...(reason !== undefined && !met && { reason }),
    ...(message !== undefined && !met && { message }),
  });
  if (view.unschedulable !== undefined) {
    return {
      phase: 'Pending',
      conditions: [condition('PodScheduled', false, 'Unschedulable', view.unschedulable)],
    };
  }
  const initContainers = pod.spec?.initContainers ?? [];
  const ended = {
    state: {
      terminated: { exitCode: 0, reason: 'Completed', startedAt: view.startedAt, finishedAt: view.startedAt },
    },
  };
  const waiting = {
    state: { waiting: { reason: initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating' } },
  };
  const running = { state: { running: { startedAt: view.startedAt } } };
  const init = view.init ?? (view.initialized ? { ...ended, ready: true } : waiting);
  const main =
    view.main ??
    (view.phase === 'Running'
      ? { ...running, ready: view.ready }
      : view.phase === 'Pending'
        ? waiting
        : ended);
  const unready = 'ContainersNotReady';
  return {
    phase: view.phase,
    ...(view.ip !== undefined && { podIP: view.ip, podIPs: [{ ip: view.ip }], hostIP: '127.0.0.1' }),
    startTime: pod.status?.startTime ?? view.startedAt,
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', view.initialized, 'ContainersNotInitialized'),
      condition('ContainersReady', view.ready, unready),
      condition('Ready', view.ready, unready),
    ],
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map((container) => containerStatus(container, init)),
    }),
    containerStatuses: (pod.spec?.containers ?? []).map((container) => containerStatus(container, main)),
  };
}

function containerStatus({ name, image = '' }: core.Container, view: ContainerView): core.ContainerStatus {
  const started = view.state.running !== undefined;
  return {
    name,
    image,
    imageID: started || view.state.terminated ? `fake://${image}` : '',
    ready: view.ready ?? false,
    started,
    restartCount: view.restarts ?? 0,
    state: view.state,
    lastState: view.lastState ?? {},
  };
}

/** The node's time as Kubernetes writes it: UTC, whole seconds. */
export const timestamp = (clock: Clock): string =>
  new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
