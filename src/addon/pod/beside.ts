import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { AGENT_CONTAINER, BOOTSTRAP_CONTAINER, ENGINE_CONTAINER } from '../world/names.ts';
import { engineStatus } from './containers.ts';

/*
 * A pod is as ready as its least container, and admission puts containers of others beside ours. One of these that does
 * not come up takes the database out of its Service, though the engine answers.
 */

export const OF_OTHERS = 'which somebody else has put into the pod';

/** A container that comes up after the engine, as some do at every start, is in nobody's way for as long. */
const PATIENCE_MS = 30_000;

/** Names of the containers of others that keep the pod from being ready though its engine is. */
export function inTheWay(pod: Live<Pod> | undefined, now: Date): string[] {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
  const engine = engineStatus(pod);
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (engine?.ready !== true || ready?.status !== 'False') return [];
  const since = [ready.lastTransitionTime, engine.state?.running?.startedAt];
  const sinceMs = Math.max(...since.map((time) => Date.parse(time ?? '') || 0));
  if (now.getTime() - sinceMs < PATIENCE_MS) return [];
  return othersIn(pod)
    .filter((status) => !status.ready)
    .map(({ name }) => name);
}

/** Those of others that have to run, or to have run, before ours are begun. */
export function beforeOurs({ status }: Live<Pod>): ContainerStatus[] {
  return (status?.initContainerStatuses ?? []).filter(({ name }) => !OURS.includes(name));
}

/** Of the containers of others; undefined while the pod tells nothing of its containers. */
export function besideOurs(pod: Live<Pod> | undefined): readonly ContainerStatus[] | undefined {
  return pod?.status?.containerStatuses === undefined ? undefined : othersIn(pod);
}

/** For people; undefined while none is in the way. */
export function inTheWayMessage(pod: Live<Pod> | undefined, now: Date): string | undefined {
  const names = inTheWay(pod, now);
  if (names.length === 0) return undefined;
  const [what, is] = names.length === 1 ? ['container', 'is'] : ['containers', 'are'];
  return `${what} ${names.join(' and ')}, ${OF_OTHERS}, ${is} not ready, and so the pod is not`;
}

function othersIn(pod: Live<Pod>): ContainerStatus[] {
  const beside = (pod.status?.containerStatuses ?? []).filter(({ name }) => !OURS.includes(name));
  return [...beforeOurs(pod), ...beside];
}

const OURS: readonly string[] = [BOOTSTRAP_CONTAINER, ENGINE_CONTAINER, AGENT_CONTAINER];
