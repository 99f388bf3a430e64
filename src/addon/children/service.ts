import type { Service } from '../../kube/objects/kinds.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { childNames, ownedMeta, podLabels } from '../world/names.ts';
import type { BuildContext } from './context.ts';

/** The address in the connection URL. Only the HTTP API: the backup port stays on the pod's loopback. */
export function buildService({ addon, target }: Pick<BuildContext, 'addon' | 'target'>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).service),
    spec: {
      type: 'ClusterIP',
      selector: podLabels(addon.metadata.name),
      // A pod is as ready as its least container, and whether the agent runs is of no matter to applications.
      ...(target.agent === undefined ? {} : { publishNotReadyAddresses: true }),
      ports: [{ name: 'http', port: ENGINE_PORT, protocol: 'TCP', targetPort: 'http' }],
    },
  };
}
