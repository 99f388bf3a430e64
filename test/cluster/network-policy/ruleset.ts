import type { Allow, Compiled, Direction } from './compile.ts';

const TABLE = 'ip bed_network_policy';

/**
 * The permissions as a script for `nft -f`, which replaces the table in one step. Only what is forwarded is looked at:
 * what the node itself sends to its pods, the kubelet's probes first of all, is always let through. That is after
 * kube-proxy's translation, so addresses and ports are those of pods, and before any source address is hidden.
 * Connections that there are stay. What is not allowed is answered with "administratively prohibited", so that a test
 * tells it from a port on which nobody listens, and does not have to wait.
 */
export function rulesetOf({ isolated, allows }: Compiled): string {
  const chain = (direction: Direction) => {
    const lines = allows.filter((allow) => allow.direction === direction).map(lineOf);
    return [
      `  chain ${direction.toLowerCase()} {`,
      // No policy keeps a pod from itself.
      ...isolated[direction].map((ip) => `    ip saddr ${ip} ip daddr ${ip} return`),
      ...new Set(lines),
      '    reject with icmp type admin-prohibited',
      '  }',
    ];
  };
  const jump = (direction: Direction, own: string) =>
    isolated[direction].length === 0
      ? []
      : [`    ip ${own} { ${isolated[direction].join(', ')} } jump ${direction.toLowerCase()}`];
  return [
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    ...chain('Egress'),
    ...chain('Ingress'),
    '  chain forward {',
    '    type filter hook forward priority filter + 5; policy accept;',
    '    ct state established,related accept',
    // A connection has to be allowed by both ends.
    ...jump('Egress', 'saddr'),
    ...jump('Ingress', 'daddr'),
    '  }',
    '}',
    '',
  ].join('\n');
}

function lineOf({ direction, pod, peer, port }: Allow): string {
  const [own, other] = direction === 'Ingress' ? ['daddr', 'saddr'] : ['saddr', 'daddr'];
  const parts = [`ip ${own} ${pod}`];
  if (peer !== undefined && peer.cidr !== '0.0.0.0/0') parts.push(`ip ${other} ${peer.cidr}`);
  if (peer !== undefined && peer.except.length > 0)
    parts.push(`ip ${other} != { ${peer.except.join(', ')} }`);
  if (port !== undefined) {
    const range = port.first === port.last ? String(port.first) : `${port.first}-${port.last}`;
    parts.push(`${port.protocol} dport ${range}`);
  }
  return `    ${parts.join(' ')} return`;
}
