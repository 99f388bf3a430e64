import { OPERATOR } from '../../demo/install.ts';
import type { OperatorNode } from '../operator-node.ts';

export interface OperatorPod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  status: {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number; containerID?: string }[];
  };
}

/** The replicas that are to stay. */
export async function replicas({ api }: OperatorNode): Promise<OperatorPod[]> {
  const selector = encodeURIComponent(`app.kubernetes.io/name=${OPERATOR.name}`);
  const list = await api.get<{ items: OperatorPod[] }>(
    `/api/v1/namespaces/${OPERATOR.namespace}/pods?labelSelector=${selector}`,
  );
  return (list?.items ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}
