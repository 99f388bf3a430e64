import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PATIENCE_MS } from '../patience.ts';
import { waitFor } from './bed-api.ts';
import { cgroupHierarchies } from './cgroups.ts';
import type { Component } from './component.ts';
import { NativeControlPlane, type NativeParts } from './native-control-plane.ts';
import { nodeControllers } from './control-plane-flags.ts';
import { sandboxImageName } from './images/sandbox.ts';
import type { Node, NodeOptions } from './node.ts';
import { containerdSocket, nodeFiles } from './node-files.ts';
import type { Namespaces } from './node-namespaces.ts';
import type { NodeNetwork } from './node-network.ts';
import { run } from './run-command.ts';
import { cgroupName } from './unowned.ts';

export interface NodeParts {
  namespaces: Namespaces;
  network: NodeNetwork;
  /** Path of the docker-archive of the sandbox image. */
  sandboxImage: string;
  realBackOff: boolean;
}

interface NodeStatus {
  spec: { taints?: object[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** A control plane and one node as processes in namespaces of their own. */
export class NativeNode extends NativeControlPlane implements Node {
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly hostIP: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly #node: NodeParts;
  readonly #dir: string;

  constructor(parts: NativeParts, node: NodeParts) {
    super(parts);
    this.#node = node;
    this.#dir = join(parts.bed.dir, 'node');
    this.nodeName = parts.bed.state.name;
    this.nodeIP = node.network.nodeIP;
    this.hostIP = node.network.hostIP;
    this.podCidr = node.network.podCidr;
    this.serviceCidr = node.network.serviceCidr;
  }

  override async start(): Promise<void> {
    const cgroup = cgroupName(this.#node.network.index);
    await this.parts.bed.update({ cgroup });
    await makeCgroups(cgroup);
    await Promise.all([this.startApi(), this.#startContainerd(cgroup)]);
    await Promise.all([this.startControllers(), this.#startNodeComponents()]);
    await this.#ready();
    await this.announce();
  }

  async importImage(tarPath: string): Promise<void> {
    await this.runInside('ctr', [
      '--address',
      containerdSocket,
      '--namespace',
      'k8s.io',
      'images',
      'import',
      tarPath,
    ]);
  }

  async spawnInside(command: string, args: string[], name: string): Promise<Component> {
    const { launcher } = this.#node.namespaces;
    return this.supervisor.start({ name, command, args, launcher });
  }

  async runInside(command: string, args: string[]): Promise<string> {
    return run(...this.#node.namespaces.enter(command, args));
  }

  protected override controllers(): string[] {
    return nodeControllers;
  }

  protected override async prepareUsers(): Promise<void> {
    this.users.add(`system:node:${this.nodeName}`, ['system:nodes']);
    for (const name of ['system:kube-scheduler', 'system:kube-proxy'])
      this.users.add(name, ['bed:components']);
    for (const name of ['coredns', 'provisioner', 'network-policies'])
      this.users.add(name, ['system:masters', 'bed:components']);
    await super.prepareUsers();
  }

  async #startContainerd(cgroup: string): Promise<void> {
    const kubeconfig = (name: string): string => join(this.#dir, `${name}.kubeconfig`);
    const files = nodeFiles({
      dir: this.#dir,
      name: this.nodeName,
      network: this.#node.network,
      cgroup,
      sandboxImage: sandboxImageName,
      proxyKubeconfig: kubeconfig('kube-proxy'),
      dnsKubeconfig: kubeconfig('coredns'),
      realBackOff: this.#node.realBackOff,
    });
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.#dir, name)), { recursive: true });
      await writeFile(join(this.#dir, name), content);
    }
    await this.spawnInside('containerd', ['--config', join(this.#dir, 'containerd.toml')], 'containerd');
    // The kubelet gives up when the runtime does not answer: the socket first, and it answers when ctr gets one.
    const socket = join(this.#dir, 'run', 'containerd', 'containerd.sock');
    const wait = { timeoutMs: PATIENCE_MS, everyMs: 20, signal: this.failure };
    await waitFor('the socket of containerd', async () => existsSync(socket), wait);
    await waitFor('containerd', () => this.importImage(this.#node.sandboxImage).then(() => true), wait);
  }

  async #startNodeComponents(): Promise<void> {
    const { binary } = this.parts;
    const in_ = (file: string): string => join(this.#dir, file);
    const kubeconfig = (user: string, groups: string[], file: string): Promise<string> =>
      this.componentKubeconfig(user, groups, in_(`${file}.kubeconfig`));
    const kubelet = await kubeconfig(`system:node:${this.nodeName}`, ['system:nodes'], 'kubelet');
    await this.spawnInside(
      binary,
      [
        'kubelet',
        `--kubeconfig=${kubelet}`,
        `--config=${in_('kubelet.json')}`,
        `--root-dir=${in_('kubelet')}`,
        `--cert-dir=${in_('kubelet-certs')}`,
        `--hostname-override=${this.nodeName}`,
        `--node-ip=${this.nodeIP}`,
      ],
      'kubelet',
    );
    const scheduler = await kubeconfig('system:kube-scheduler', ['bed:components'], 'kube-scheduler');
    const schedulerArgs = [
      `--kubeconfig=${scheduler}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
    ];
    await this.spawnInside(binary, ['kube-scheduler', ...schedulerArgs], 'kube-scheduler');
    await kubeconfig('system:kube-proxy', ['bed:components'], 'kube-proxy');
    await this.spawnInside(binary, ['kube-proxy', `--config=${in_('kube-proxy.json')}`], 'kube-proxy');
    await kubeconfig('coredns', ['system:masters', 'bed:components'], 'coredns');
    await this.spawnInside(binary, ['coredns', '-conf', in_('Corefile')], 'coredns');
    await this.#startProvisioner();
    await this.#startEnforcer();
  }

  async #startProvisioner(): Promise<void> {
    const program = join(import.meta.dirname, 'volumes', 'provisioner.ts');
    if ((this.parts.options as { volumes?: boolean }).volumes === false || !existsSync(program)) return;
    const path = join(this.#dir, 'provisioner.kubeconfig');
    const kubeconfig = await this.componentKubeconfig(
      'provisioner',
      ['system:masters', 'bed:components'],
      path,
    );
    const args = [
      program,
      '--kubeconfig',
      kubeconfig,
      '--dir',
      join(this.#dir, 'volumes'),
      '--node',
      this.nodeName,
    ];
    await this.spawnInside(process.execPath, args, 'provisioner');
  }

  async #startEnforcer(): Promise<void> {
    const { networkPolicies } = this.parts.options as NodeOptions;
    if (networkPolicies === undefined) return;
    const program = join(import.meta.dirname, 'network-policy', 'enforcer.ts');
    const path = join(this.#dir, 'network-policies.kubeconfig');
    const groups = ['system:masters', 'bed:components'];
    const kubeconfig = await this.componentKubeconfig('network-policies', groups, path);
    const labelled = networkPolicies === 'Labelled' ? ['--labelled'] : [];
    const args = [program, '--kubeconfig', kubeconfig, ...labelled];
    await this.spawnInside(process.execPath, args, 'network-policies');
  }

  async #ready(): Promise<void> {
    const wait = { timeoutMs: PATIENCE_MS, everyMs: 50, signal: this.failure };
    const node = async (): Promise<boolean> => {
      const { spec, status } = (await this.api.get<NodeStatus>(`/api/v1/nodes/${this.nodeName}`)) ?? {
        spec: {},
        status: {},
      };
      const ready =
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
      // Ready and still tainted for a moment: pods would wait.
      return ready && (spec.taints ?? []).length === 0;
    };
    await waitFor(`node ${this.nodeName} to be Ready`, node, wait);
  }
}

/** The kubelet wants its root to exist in every hierarchy. */
async function makeCgroups(name: string): Promise<void> {
  for (const folder of await cgroupHierarchies()) await mkdir(join(folder, name), { recursive: true });
}
