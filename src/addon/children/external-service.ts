import type { Service } from '../../kube/objects/kinds.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { internetWish } from '../access/internet-wish.ts';
import { ANNOTATION, childNames, EXTERNAL_LABEL, ownedMeta, podLabels } from '../world/names.ts';
import type { BuildContext } from './context.ts';

/**
 * The way in from outside, apart from the Service in connection URLs: off takes away this one only. It leads to a pod
 * that was started with a certificate for the names outside, and to no other, so that a database without TLS is never
 * shown to the world, not even while it is being switched.
 */
export function buildExternalService({ addon }: Pick<BuildContext, 'addon'>): Service | undefined {
  const wish = internetWish(addon);
  if (wish === undefined) return undefined;
  const metadata = ownedMeta(addon, childNames(addon.metadata.name).externalService);
  const given = Object.entries(wish.serviceAnnotations).filter(([key]) => !isReserved(key));
  const annotations = {
    ...Object.fromEntries(given),
    ...(given.length === 0 ? {} : { [ANNOTATION.passedOn]: given.map(([key]) => key).join(' ') }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: given.length === 0 ? metadata : { ...metadata, annotations },
    spec: {
      type: wish.mode,
      // With Cluster the client's address would be replaced by a node's, which every list of addresses then allows.
      externalTrafficPolicy: 'Local',
      selector: { ...podLabels(addon.metadata.name), [EXTERNAL_LABEL]: 'true' },
      ports: [{ name: 'https', port: ENGINE_PORT, protocol: 'TCP', targetPort: 'http' }],
      // The API server takes the list for load balancers only.
      ...(wish.mode === 'LoadBalancer' ? { loadBalancerSourceRanges: [...wish.allowedCIDRs] } : {}),
    },
  };
}

/** Annotations that are not the user's to set: the operator's, those of kubectl, and other lists of who may connect. */
function isReserved(key: string): boolean {
  return (
    /^([^/]+\.)?influxaddon\.dev\//.test(key) ||
    key.startsWith('kubectl.kubernetes.io/') ||
    SOURCE_RANGES.includes(key)
  );
}

/** The schema refuses the same ones. */
const SOURCE_RANGES = [
  'service.beta.kubernetes.io/load-balancer-source-ranges',
  'service.beta.kubernetes.io/azure-allowed-ip-ranges',
  'service.beta.kubernetes.io/azure-allowed-service-tags',
];
