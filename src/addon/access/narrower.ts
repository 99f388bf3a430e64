import { isDeepStrictEqual } from 'node:util';
import type {
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1.js';
import { ANNOTATION } from '../world/names.ts';
import type { NetworkPolicy, Service } from '../../kube/objects/kinds.ts';

/**
 * Whether whoever the wanted policy lets in is let in already. A pod without a policy is open to everybody, so any is
 * narrower than none, and none is wider than any.
 */
export function isNarrowerPolicy(
  live: NetworkPolicy | undefined,
  wanted: NetworkPolicy | undefined,
): boolean {
  if (live === undefined) return true;
  if (wanted === undefined) return false;
  const open = waysIn(live.spec?.ingress);
  return waysIn(wanted.spec?.ingress).every((way) => open.some((other) => covers(other, way)));
}

/** The same of a Service that leads in from outside: by its addresses, and that there is one at all. */
export function isNarrowerService(live: Service | undefined, wanted: Service | undefined): boolean {
  if (wanted === undefined) return true;
  if (live?.spec === undefined || live.spec.type !== wanted.spec?.type) return false;
  // They may say who reaches it, each cloud in words of its own.
  if (!isDeepStrictEqual(passedOn(live), passedOn(wanted))) return false;
  const open = live.spec.loadBalancerSourceRanges;
  const asked = wanted.spec?.loadBalancerSourceRanges;
  return open === undefined || (asked !== undefined && asked.every((cidr) => open.includes(cidr)));
}

function passedOn({ metadata }: Service): Record<string, string | undefined> {
  const { annotations = {} } = metadata ?? {};
  const keys = (annotations[ANNOTATION.passedOn] ?? '').split(' ').filter((key) => key !== '');
  return Object.fromEntries(keys.map((key) => [key, annotations[key]]));
}

interface Way {
  readonly peer: NetworkPolicyPeer;
  readonly port: NetworkPolicyPort;
}

/** A rule without ports is one for all of them, and we make none: it is taken for a port of its own. */
function waysIn(rules: readonly NetworkPolicyIngressRule[] = []): Way[] {
  return rules.flatMap(({ from = [], ports = [{}] }) =>
    from.flatMap((peer) => ports.map((port) => ({ peer, port }))),
  );
}

function covers(open: Way, way: Way): boolean {
  return isDeepStrictEqual(open.port, way.port) && coversPeer(open.peer, way.peer);
}

function coversPeer(open: NetworkPolicyPeer, peer: NetworkPolicyPeer): boolean {
  if (isDeepStrictEqual(open, peer)) return true;
  if (peer.ipBlock !== undefined || open.ipBlock !== undefined) return false;
  // Every pod of every namespace, and every pod of this one.
  const everywhere = isDeepStrictEqual(open, { namespaceSelector: {} });
  const here = isDeepStrictEqual(open, { podSelector: {} }) && peer.namespaceSelector === undefined;
  return everywhere || here;
}
