import type { Node } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';

/** The IP addresses of a node: those for the world before those of its network. */
export function addressesOf({ status }: Node): string[] {
  const all = status?.addresses ?? [];
  return ['ExternalIP', 'InternalIP'].flatMap((type) =>
    all.filter((each) => each.type === type).map(({ address }) => address),
  );
}

/** What the cache keeps of a node, whose own status is kilobytes. */
export function slimNode({ metadata, status }: Live<Node>): Live<Node> {
  const { uid, name, resourceVersion } = metadata;
  return { metadata: { uid, name, resourceVersion }, status: { addresses: status?.addresses ?? [] } };
}
