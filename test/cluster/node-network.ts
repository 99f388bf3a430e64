import { listBeds } from './bed.ts';
import { run } from './run-command.ts';

/** The addresses of one node: a /16 of its own, reachable from the host and from nowhere else. */
export interface NodeNetwork {
  index: number;
  /** The veth's name on the host. */
  link: string;
  /** Routed from the host into the node as a whole. */
  range: string;
  podCidr: string;
  serviceCidr: string;
  nodeIP: string;
  /** The host, as the node and its pods see it. */
  hostIP: string;
  linkIP: string;
}

const firstOctet = 150;
const most = 64;

export function nodeNetwork(index: number): NodeNetwork {
  const prefix = `10.${firstOctet + index}`;
  return {
    index,
    link: `iabed${index}`,
    range: `${prefix}.0.0/16`,
    podCidr: `${prefix}.0.0/22`,
    serviceCidr: `${prefix}.16.0/20`,
    nodeIP: `${prefix}.254.1`,
    hostIP: `${prefix}.255.1`,
    linkIP: `${prefix}.255.2`,
  };
}

/** Numbers that no bed has and whose addresses nothing on this machine uses, lowest first. */
export async function freeIndexes(): Promise<number[]> {
  const taken = new Set((await listBeds()).map((bed) => bed.index));
  const routes = await run('ip', ['-4', 'route', 'show', 'table', 'all']);
  return Array.from({ length: most }, (_, index) => index).filter(
    (index) =>
      !taken.has(index) &&
      !routes.includes(` 10.${firstOctet + index}.`) &&
      !routes.includes(`\n10.${firstOctet + index}.`),
  );
}

/**
 * Lays the link between the host and a new network namespace. False when a bed of somebody else (another cache
 * folder) has that link already: creating it is what decides between two.
 */
export async function layLink(network: NodeNetwork, pid: number): Promise<boolean> {
  const { link, nodeIP, hostIP, linkIP, range } = network;
  try {
    await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
  } catch (error) {
    if (String(error).includes('File exists')) return false;
    throw error;
  }
  const inside = [
    'link set lo up',
    `addr add ${linkIP}/30 dev eth0`,
    'link set eth0 up',
    // The node's own address, on a device that leads nowhere and is the default route: an address that no rule
    // translates (a Service without endpoints) is answered by nobody rather than sent to the host and beyond.
    'link add node0 type bridge',
    `addr add ${nodeIP}/32 dev node0`,
    'link set node0 up',
    'route add default dev node0',
  ];
  await run('nsenter', ['--target', String(pid), '--net', 'ip', '-batch', '-'], {
    input: `${inside.join('\n')}\n`,
  });
  const outside = [
    `addr add ${hostIP}/30 dev ${link}`,
    `link set ${link} up`,
    `route add ${range} via ${linkIP} dev ${link}`,
  ];
  await run('ip', ['-batch', '-'], { input: `${outside.join('\n')}\n` });
  return true;
}
