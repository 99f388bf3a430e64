import type { Service } from '../../kube/kinds.ts';
import { ENGINE_PORT } from '../connection.ts';
import { childNames, ownedMeta, podLabels } from '../names.ts';
import type { BuildContext } from './context.ts';

/** The address in the connection URL. Only the HTTP API: the backup port stays on the pod's loopback. */
export function buildService({ addon }: BuildContext): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).service),
    spec: {
      type: 'ClusterIP',
      selector: podLabels(addon.metadata.name),
      ports: [{ name: 'http', port: ENGINE_PORT, protocol: 'TCP', targetPort: 'http' }],
    },
  };
}
