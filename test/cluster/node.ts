import { join } from 'node:path';
import { type Bed, claimBed, withBedLock } from './bed.ts';
import { kubeBinary } from './binaries.ts';
import { leaveCaretaker } from './caretaker.ts';
import type { Component } from './component.ts';
import { type ControlPlane, type ControlPlaneOptions, uniqueName } from './control-plane.ts';
import { sandboxImage } from './images/sandbox.ts';
import { NativeNode } from './native-node.ts';
import { openNamespaces } from './node-namespaces.ts';
import { freeIndexes, layLink, type NodeNetwork, nodeNetwork } from './node-network.ts';
import { Supervisor } from './supervisor.ts';
import { sweepDeadBeds, tearDown } from './teardown.ts';

export interface NodeOptions extends ControlPlaneOptions {
  /** Whether the bed's dynamic volume provisioner runs. Default true. */
  volumes?: boolean;
  /** Whether containers that end again and again wait as long as on any cluster. Default false: a second at most. */
  realBackOff?: boolean;
  /**
   * Where NetworkPolicies are enforced; the host counts as outside there. `Labelled`: in namespaces with
   * {@link ENFORCED}, so that tests that look at a database from the host have the node beside those of policies.
   * Default: nowhere.
   */
  networkPolicies?: 'Everywhere' | 'Labelled';
}

/** A whole Kubernetes node on this machine. The host reaches the API server, every pod and every Service. */
export interface Node extends ControlPlane {
  readonly nodeName: string;
  readonly nodeIP: string;
  /** This machine as pods see it: where a test listens when pods or the API server shall call it. */
  readonly hostIP: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Loads a docker-archive into the node's containerd. */
  importImage(tarPath: string): Promise<void>;
  /** Starts a supervised process in the node's network, PID and mount namespaces; its log is `<name>.log`. */
  spawnInside(command: string, args: string[], name: string): Promise<Component>;
  /** Runs a command inside to its end and returns what it wrote to standard output. */
  runInside(command: string, args: string[]): Promise<string>;
}

/** Starts a node and waits until it is Ready and takes pods. Needs root on Linux. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'a node of the test bed needs root on Linux: it makes namespaces, mounts and network links',
    );
  }
  const [binary, pause] = [await kubeBinary(options.say), await sandboxImage(options.say)];
  await sweepDeadBeds();
  const bed = await claimBed(options.name ?? uniqueName(), 'node');
  const dismiss = leaveCaretaker(bed.state.name);
  const supervisor = new Supervisor(bed, join(options.dir ?? bed.dir, 'logs'), options.onFailure);
  try {
    const namespaces = await openNamespaces(bed, supervisor);
    const network = await connect(bed, namespaces.pid);
    const { nodeIP: address, serviceCidr } = network;
    const at = { address, etcdPort: 2379, etcdPeerPort: 2380, apiserverPort: 6443, serviceCidr, node: true };
    const parts = { bed, at, binary, options, launcher: namespaces.launcher, dismiss, supervisor };
    const node = new NativeNode(parts, {
      namespaces,
      network,
      sandboxImage: pause,
      realBackOff: options.realBackOff ?? false,
    });
    await node.start();
    supervisor.started();
    return node;
  } catch (error) {
    await supervisor.stopAll();
    await tearDown(bed.state);
    await dismiss();
    throw error;
  }
}

/** Gives the node the first addresses that are free. */
async function connect(bed: Bed, pid: number): Promise<NodeNetwork> {
  return withBedLock(async () => {
    for (const index of await freeIndexes()) {
      const network = nodeNetwork(index);
      if (!(await layLink(network, pid))) continue;
      await bed.update({ index, link: network.link });
      return network;
    }
    throw new Error('no free address range for another node: 10.150.0.0/16 to 10.213.0.0/16 are all in use');
  });
}
