import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { BOOTSTRAP_CONTAINER, ENGINE_CONTAINER } from '../world/names.ts';

/*
 * Admission puts containers of its own into the pod, before ours as well as behind them: so ours are found by name.
 */

/** The image of the engine, which that of the bootstrap step is too. */
export function engineImage(pod: Live<Pod> | undefined): string | undefined {
  return pod?.spec?.containers.find(({ name }) => name === ENGINE_CONTAINER)?.image;
}

/** Of the step that reads the meta folder, and makes or heals the administrator; undefined before it is looked at. */
export function bootstrapStatus({ status }: Live<Pod>): ContainerStatus | undefined {
  return status?.initContainerStatuses?.find(({ name }) => name === BOOTSTRAP_CONTAINER);
}

export function engineStatus({ status }: Live<Pod>): ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === ENGINE_CONTAINER);
}

/** Of the containers without which there is no database, in the order of their start. */
export function databaseStatuses(pod: Live<Pod>): ContainerStatus[] {
  return [bootstrapStatus(pod), engineStatus(pod)].filter((status) => status !== undefined);
}
