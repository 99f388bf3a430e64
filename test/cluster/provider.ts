import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Node, type NodeOptions, startNode } from './node.ts';

/** A cluster for tests, wherever it comes from. */
export interface Cluster extends AsyncDisposable {
  /** What it is, for a person. */
  readonly description: string;
  /** Path of a kubeconfig for a cluster administrator. */
  readonly kubeconfig: string;
  /** Loads a docker-archive; undefined where images have to come from a registry. */
  importImage?: (tarPath: string) => Promise<void>;
  /** The node, when it is one of this machine's: the host reaches its pods and Services. */
  readonly native?: Node;
  stop(): Promise<void>;
}

/**
 * Names a cluster to use instead of starting one. Not KUBECONFIG: tests make and delete what they like, and that
 * variable may well name a cluster that somebody needs.
 */
export const kubeconfigVariable = 'INFLUXADDON_TEST_KUBECONFIG';

const k3sImage = 'rancher/k3s:v1.35.1-k3s1';

/**
 * The first that is possible of: the cluster that the environment names, a node of this machine, K3s in a Docker
 * container. A Docker daemon that happens to run changes nothing where a node is possible: what the tests show is the
 * same on every machine. Says which. When none is possible the error has the reason of each.
 */
export async function startCluster(options: NodeOptions = {}): Promise<Cluster> {
  const say = options.say ?? (() => {});
  const named = process.env[kubeconfigVariable];
  // Named and not there is a mistake to tell, not a reason to go on to the next.
  if (named) return existing(named);
  const reasons: string[] = [];
  for (const provider of [native, k3s]) {
    try {
      const cluster = await provider(options);
      say(`cluster: ${cluster.description}`);
      return cluster;
    } catch (error) {
      reasons.push(`${provider.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `no Kubernetes cluster for the tests.\n${kubeconfigVariable} is not set\n${reasons.join('\n')}`,
  );
}

async function existing(kubeconfig: string): Promise<Cluster> {
  await access(kubeconfig).catch(() => {
    throw new Error(`${kubeconfigVariable} names ${kubeconfig}, which cannot be read`);
  });
  const stop = async (): Promise<void> => {};
  return { description: `as ${kubeconfigVariable} says`, kubeconfig, stop, [Symbol.asyncDispose]: stop };
}

async function k3s(options: NodeOptions): Promise<Cluster> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  await getContainerRuntimeClient().catch((error: unknown) => {
    throw new Error(`no container runtime (${String(error).split('\n')[0]})`);
  });
  options.say?.(`starting ${k3sImage}`);
  const { K3sContainer } = await import('@testcontainers/k3s');
  const container = await new K3sContainer(k3sImage).start();
  const dir = await mkdtemp(join(tmpdir(), 'influxaddon-k3s-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, container.getKubeConfig(), { mode: 0o600 });
  const stop = async (): Promise<void> => {
    await container.stop();
    await rm(dir, { recursive: true, force: true });
  };
  const importImage = async (tarPath: string): Promise<void> => {
    const target = `/tmp/${basename(tarPath)}`;
    await container.copyFilesToContainer([{ source: tarPath, target }]);
    const { exitCode, output } = await container.exec([
      'ctr',
      '--namespace',
      'k8s.io',
      'images',
      'import',
      target,
    ]);
    if (exitCode !== 0) throw new Error(`${tarPath} could not be imported into K3s: ${output}`);
  };
  return {
    description: `K3s in Docker (${k3sImage})`,
    kubeconfig,
    importImage,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function native(options: NodeOptions): Promise<Cluster> {
  const node = await startNode(options);
  const stop = (): Promise<void> => node.stop();
  return {
    description: 'a node of this machine (Kubernetes 1.35, containerd)',
    kubeconfig: node.kubeconfig,
    importImage: (tarPath) => node.importImage(tarPath),
    native: node,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
