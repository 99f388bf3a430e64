import type { NetworkPolicyIngressRule, NetworkPolicyPeer } from 'kubernetes-types/networking/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { accessOf, appsOf } from '../../api/addon-defaults.ts';
import { JOB_LABEL } from '../../backup/protocol.ts';
import type { NetworkPolicy } from '../../kube/objects/kinds.ts';
import { childNames, keyOf, ownedMeta, podLabels } from '../world/names.ts';
import type { World } from '../world/world.ts';
import type { BuildContext } from './context.ts';

/**
 * Who may open which port of the pod; what no rule names, nobody may. `Open` has no policy, but for one that keeps the
 * outside to its list as long as there is a Service for it, one that takes its time to go included.
 */
export function buildNetworkPolicy(context: BuildContext): NetworkPolicy | undefined {
  const { addon, outside = [], children } = context;
  const reachable = outside.length > 0 || children.externalService !== undefined;
  if (accessOf(addon).policy === 'Open' && !reachable) return undefined;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).networkPolicy),
    spec: {
      podSelector: { matchLabels: podLabels(addon.metadata.name) },
      policyTypes: ['Ingress'],
      // One rule for each port: who may open another one later has nothing to do with who may use the database.
      ingress: [databaseRule(context), ...(context.target.agent === undefined ? [] : [backupRule(context)])],
    },
  };
}

/** The Jobs of this addon's backups: they ask the database, and read it through the agent. */
function backupRule({ addon }: BuildContext): NetworkPolicyIngressRule {
  return {
    from: [{ podSelector: { matchLabels: { [JOB_LABEL]: addon.metadata.name } } }],
    ports: ['http', 'agent'].map((port) => ({ port, protocol: 'TCP' })),
  };
}

/** The HTTP port: the pods that `access.policy` names, always the operator, and from outside the listed addresses. */
function databaseRule({
  addon,
  settings,
  appSelectors,
  outside = [],
}: BuildContext): NetworkPolicyIngressRule {
  const access = accessOf(addon);
  const operator: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': settings.operatorNamespace } },
    podSelector: { matchLabels: { ...settings.operatorPodLabels } },
  };
  const inside: Record<typeof access.policy, NetworkPolicyPeer[]> = {
    Namespace: [{ podSelector: {} }, operator],
    Bound: [...appSelectors.map((podSelector) => ({ podSelector })), ...access.from, operator],
    // The operator is one of them.
    Open: [{ namespaceSelector: {} }],
  };
  const blocks = outside.map((cidr): NetworkPolicyPeer => ({ ipBlock: { cidr } }));
  return { from: [...inside[access.policy], ...blocks], ports: [{ port: 'http', protocol: 'TCP' }] };
}

/** Of the apps that the spec names, in its order: those that status still remembers are bound no more. */
export function appSelectors({ addon, apps }: World): LabelSelector[] {
  return appsOf(addon)
    .map((app) => apps.get(keyOf(app))?.spec?.selector)
    .filter((selector) => selector !== undefined);
}
