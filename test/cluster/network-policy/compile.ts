import type { Namespace, Pod } from 'kubernetes-types/core/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from 'kubernetes-types/networking/v1.js';

/** Labels of a namespace whose policies are enforced on a node that does so for some only. */
export const ENFORCED: Readonly<Record<string, string>> = { 'bed/network-policies': 'enforced' };

export type Direction = 'Ingress' | 'Egress';

/** One permission; what is undefined is not limited. */
export interface Allow {
  readonly direction: Direction;
  /** Address of the pod that the policy selects. */
  readonly pod: string;
  readonly peer: { readonly cidr: string; readonly except: readonly string[] } | undefined;
  readonly port:
    | { readonly protocol: 'tcp' | 'udp'; readonly first: number; readonly last: number }
    | undefined;
}

export interface Compiled {
  /** Addresses of the pods that may do only what is allowed. */
  readonly isolated: Readonly<Record<Direction, readonly string[]>>;
  readonly allows: readonly Allow[];
}

/** The policies of namespaces that are labelled {@link ENFORCED}, among all there are. */
export function labelledOnly(state: ClusterState): ClusterState {
  const enforced = new Set(
    state.namespaces
      .filter(({ metadata }) =>
        Object.entries(ENFORCED).every(([key, value]) => metadata?.labels?.[key] === value),
      )
      .map(({ metadata }) => metadata?.name),
  );
  return { ...state, policies: state.policies.filter(({ metadata }) => enforced.has(metadata?.namespace)) };
}

export interface ClusterState {
  readonly policies: readonly NetworkPolicy[];
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
}

/** A policy asks for something that this double does not do: better no answer than one that lets through too much. */
export class UnsupportedPolicy extends Error {
  override readonly name = 'UnsupportedPolicy';
}

/**
 * What the policies of a cluster allow, by address. Pods without an address of their own are left out: they cannot be
 * reached yet, or not any more, or are their node. Of a bed's addresses, which are IPv4, IPv6 ranges contain none.
 */
export function compile({ policies, pods, namespaces }: ClusterState): Compiled {
  const seen = pods.flatMap((pod): Addressed[] => (isOnNetwork(pod) ? [addressed(pod, namespaces)] : []));
  const isolated: Record<Direction, Set<string>> = { Ingress: new Set(), Egress: new Set() };
  const allows: Allow[] = [];
  for (const policy of policies) {
    const { spec } = checked(policy);
    const own = policy.metadata?.namespace ?? '';
    const selected = seen.filter((pod) => pod.namespace === own && matches(spec.podSelector, pod.labels));
    for (const direction of directionsOf(spec)) {
      for (const pod of selected) {
        isolated[direction].add(pod.ip);
        for (const rule of rulesOf(spec, direction)) {
          const peers = rule.peers?.flatMap((peer) => targetsOf(peer, own, seen)) ?? everybody(seen);
          allows.push(...peers.flatMap((peer) => allowsOf(direction, pod, peer, rule.ports)));
        }
      }
    }
  }
  return { isolated: { Ingress: [...isolated.Ingress], Egress: [...isolated.Egress] }, allows };
}

interface Addressed {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly ports: readonly { name?: string; containerPort: number; protocol?: string }[];
}

/** A range of addresses, or a pod. `unlimited` stands for everything that is no pod as well. */
interface Target {
  readonly cidr: string;
  readonly except: readonly string[];
  readonly pod?: Addressed;
}

function isOnNetwork(pod: Pod): boolean {
  const { phase, podIP = '' } = pod.status ?? {};
  return podIP.includes('.') && pod.spec?.hostNetwork !== true && phase !== 'Succeeded' && phase !== 'Failed';
}

function addressed(pod: Pod, namespaces: readonly Namespace[]): Addressed {
  const { namespace = '', labels = {} } = pod.metadata ?? {};
  const its = namespaces.find(({ metadata }) => metadata?.name === namespace);
  return {
    namespace,
    labels,
    namespaceLabels: its?.metadata?.labels ?? {},
    ip: pod.status?.podIP ?? '',
    ports: (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports),
  };
}

/** Without types it is Ingress, and Egress where there are rules for it. */
function directionsOf({ policyTypes, egress }: NetworkPolicySpec): Direction[] {
  return (
    (policyTypes as Direction[] | undefined) ?? [
      'Ingress',
      ...(egress === undefined ? [] : ['Egress' as const]),
    ]
  );
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[];
}

/** An empty list of peers or ports means all of them. */
function rulesOf(spec: NetworkPolicySpec, direction: Direction): Rule[] {
  const rules =
    direction === 'Ingress'
      ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  return rules.map(({ peers = [], ports = [] }) => ({
    peers: peers.length === 0 ? undefined : peers,
    ports,
  }));
}

function targetsOf(peer: NetworkPolicyPeer, own: string, pods: readonly Addressed[]): Target[] {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    if (ipBlock.cidr.includes(':')) return [];
    const except = (ipBlock.except ?? []).filter((each) => !each.includes(':'));
    return [{ cidr: ipBlock.cidr, except }];
  }
  return pods
    .filter((pod) =>
      namespaceSelector === undefined
        ? pod.namespace === own
        : matches(namespaceSelector, pod.namespaceLabels),
    )
    .filter((pod) => matches(podSelector ?? {}, pod.labels))
    .map(targetOfPod);
}

/** Pods one by one beside the rest of the world: only of a pod is known what a port's name means. */
function everybody(pods: readonly Addressed[]): Target[] {
  return [{ cidr: '0.0.0.0/0', except: [] }, ...pods.map(targetOfPod)];
}

function targetOfPod(pod: Addressed): Target {
  return { cidr: `${pod.ip}/32`, except: [], pod };
}

function allowsOf(
  direction: Direction,
  pod: Addressed,
  target: Target,
  ports: readonly NetworkPolicyPort[],
): Allow[] {
  const { cidr, except } = target;
  const peer = cidr === '0.0.0.0/0' && except.length === 0 ? undefined : { cidr, except };
  const allow = (port: Allow['port']): Allow => ({ direction, pod: pod.ip, peer, port });
  if (ports.length === 0) return [allow(undefined)];
  // A port is always one of where the connection goes to.
  const destination = direction === 'Ingress' ? pod : target.pod;
  return ports.flatMap(({ port, endPort, protocol: name = 'TCP' }) => {
    const protocol = name === 'UDP' ? 'udp' : 'tcp';
    if (port === undefined) return [allow({ protocol, first: 0, last: 65_535 })];
    if (typeof port === 'number') return [allow({ protocol, first: port, last: endPort ?? port })];
    return (destination?.ports ?? [])
      .filter((each) => each.name === port && (each.protocol ?? 'TCP') === name)
      .map(({ containerPort }) => allow({ protocol, first: containerPort, last: containerPort }));
  });
}

function matches(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          throw new UnsupportedPolicy(`the operator ${operator} of a selector is not known here`);
      }
    })
  );
}

const SPEC_FIELDS = ['podSelector', 'policyTypes', 'ingress', 'egress'];
const RULE_FIELDS = ['from', 'to', 'ports'];
const PEER_FIELDS = ['ipBlock', 'podSelector', 'namespaceSelector'];
const PORT_FIELDS = ['port', 'endPort', 'protocol'];

function checked(policy: NetworkPolicy): { spec: NetworkPolicySpec } {
  const name = `${policy.metadata?.namespace}/${policy.metadata?.name}`;
  const only = (object: object, known: readonly string[], where: string) => {
    for (const key of Object.keys(object))
      if (!known.includes(key)) throw new UnsupportedPolicy(`${name}: ${where}.${key} is not known here`);
  };
  const spec = policy.spec ?? { podSelector: {} };
  only(spec, SPEC_FIELDS, 'spec');
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    only(rule, RULE_FIELDS, 'rule');
    const {
      from = [],
      to = [],
      ports = [],
    } = rule as { from?: object[]; to?: object[]; ports?: NetworkPolicyPort[] };
    for (const peer of [...from, ...to]) only(peer, PEER_FIELDS, 'peer');
    for (const port of ports) {
      only(port, PORT_FIELDS, 'port');
      const { protocol = 'TCP' } = port;
      if (protocol !== 'TCP' && protocol !== 'UDP')
        throw new UnsupportedPolicy(`${name}: the protocol ${protocol} is not known here`);
    }
  }
  return { spec };
}
