import type { Service } from '../../kube/objects/kinds.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { childNames, ownedMeta, podLabels } from '../world/names.ts';
import { besideOurs, inTheWay } from '../pod/beside.ts';
import type { World } from '../world/world.ts';
import type { BuildContext } from './context.ts';

/** The address in the connection URL. Only the HTTP API: the backup port stays on the pod's loopback. */
export function buildService({
  addon,
  target,
  pastOthers = false,
}: Pick<BuildContext, 'addon' | 'target' | 'pastOthers'>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).service),
    spec: {
      type: 'ClusterIP',
      selector: podLabels(addon.metadata.name),
      // A pod is as ready as its least container, and whether the agent runs is of no matter to applications. Where the
      // engine does not listen yet, they are refused either way.
      ...(target.agent === undefined && !pastOthers ? {} : { publishNotReadyAddresses: true }),
      ports: [{ name: 'http', port: ENGINE_PORT, protocol: 'TCP', targetPort: 'http' }],
    },
  };
}

/**
 * Whether applications are led to a pod that is not ready because of a container of others. Not before one has been in
 * the way, so that nothing is written for the rest; and then as long as there is any, since what has failed once comes
 * and goes.
 */
export function leadsPastOthers({ pod, children }: Pick<World, 'pod' | 'children'>, now: Date): boolean {
  if (inTheWay(pod, now).length > 0) return true;
  const mayHaveOthers = besideOurs(pod)?.length !== 0;
  return mayHaveOthers && children.service?.spec?.publishNotReadyAddresses === true;
}
