import type { NetworkPolicyPeer } from 'kubernetes-types/networking/v1.js';
import { accessOf } from '../../api/addon-defaults.ts';
import type { NetworkPolicy } from '../../kube/kinds.ts';
import { childNames, ownedMeta, podLabels } from '../names.ts';
import type { BuildContext } from './context.ts';

/** Who may open the HTTP port: the namespace or the bound apps, and always the operator. `Open` has no policy. */
export function buildNetworkPolicy(context: BuildContext): NetworkPolicy | undefined {
  const { addon, settings, appSelectors } = context;
  const access = accessOf(addon);
  if (access.policy === 'Open') return undefined;
  const operator: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': settings.operatorNamespace } },
    podSelector: { matchLabels: { ...settings.operatorPodLabels } },
  };
  const bound: NetworkPolicyPeer[] = [
    ...appSelectors.map((matchLabels) => ({ podSelector: { matchLabels } })),
    ...access.from,
  ];
  const from = access.policy === 'Namespace' ? [{ podSelector: {} }, operator] : [...bound, operator];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).networkPolicy),
    spec: {
      podSelector: { matchLabels: podLabels(addon.metadata.name) },
      policyTypes: ['Ingress'],
      ingress: [{ from, ports: [{ port: 'http', protocol: 'TCP' }] }],
    },
  };
}
