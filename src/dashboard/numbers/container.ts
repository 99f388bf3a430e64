import { ApiError } from '../../kube/api/api-error.ts';
import { isQuantity, milliOf, unitsOf } from '../../kube/objects/quantity.ts';
import type { Visitor } from '../visitor.ts';
import { reasonOf } from '../stream/watching.ts';

/** Memory in bytes and CPU in cores, of a container, averaged over what the metrics server takes for a moment. */
export interface ContainerUse {
  readonly memory: number;
  readonly cpu: number;
}

/** From the metrics API of the cluster, which not every cluster has: then why not. */
export async function containerUse(
  visitor: Visitor,
  { namespace, pod, container }: { namespace: string; pod: string; container: string },
  signal: AbortSignal,
): Promise<ContainerUse | string> {
  try {
    const answer = await visitor.json(
      `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods/${pod}`,
      signal,
    );
    return useOf(answer, container) ?? 'memory and CPU: the metrics API does not know the container (yet)';
  } catch (error) {
    return `memory and CPU: ${wordsOf(ApiError.from(error), pod)}`;
  }
}

/** Undefined when the answer does not have the container. Pure. */
export function useOf(answer: unknown, container: string): ContainerUse | undefined {
  const { containers = [] } = (answer ?? {}) as { containers?: { name?: string; usage?: Usage }[] };
  const usage = containers.find(({ name }) => name === container)?.usage;
  if (!isQuantity(usage?.memory) || !isQuantity(usage.cpu)) return undefined;
  return { memory: unitsOf(usage.memory), cpu: nanoCores(usage.cpu) };
}

interface Usage {
  readonly memory?: unknown;
  readonly cpu?: unknown;
}

/** The metrics server counts in billionths, which quantities of specs do not have. */
function nanoCores(quantity: string | number): number {
  const nano = /^(\d+)n$/.exec(String(quantity))?.[1];
  return nano === undefined ? milliOf(quantity) / 1000 : Number(nano) / 1e9;
}

function wordsOf(error: ApiError, pod: string): string {
  if (error.isForbidden) return `you may not get pods of metrics.k8s.io`;
  if (!error.isNotFound) return reasonOf(error);
  // The group itself, or the pod in it.
  return reasonOf(error).includes(pod)
    ? 'the metrics API does not know the pod (yet)'
    : 'this cluster has no metrics API (metrics.k8s.io)';
}
