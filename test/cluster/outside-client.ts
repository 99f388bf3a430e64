import type { Node } from './node.ts';

/**
 * A machine outside the node's network: a network namespace with one address, behind a link of its own to the node,
 * which it takes for the way to everything. It goes with the node.
 */
export class OutsideClient {
  readonly address: string;
  readonly #node: Node;
  readonly #name: string;

  private constructor(node: Node, name: string, address: string) {
    this.#node = node;
    this.#name = name;
    this.address = address;
  }

  /** @param network the first three octets of a range that is used for nothing else; the client is .2, the node .1 */
  static async open(node: Node, name: string, network: string): Promise<OutsideClient> {
    const client = new OutsideClient(node, name, `${network}.2`);
    const link = `out-${name}`;
    await node.runInside('ip', ['netns', 'add', name]);
    await node.runInside('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    await node.runInside('ip', ['addr', 'add', `${network}.1/30`, 'dev', link]);
    await node.runInside('ip', ['link', 'set', link, 'up']);
    for (const args of [
      ['link', 'set', 'lo', 'up'],
      ['addr', 'add', `${network}.2/30`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
      ['route', 'add', 'default', 'via', `${network}.1`],
    ])
      await client.run('ip', args);
    return client;
  }

  /** Runs a command of this machine there; with `env` in its environment. */
  async run(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    // Not `ip netns exec`, which mounts /sys anew.
    const enter = [`--net=/run/netns/${this.#name}`, '--', 'env', ...settings];
    return await this.#node.runInside('nsenter', [...enter, command, ...args]);
  }
}
