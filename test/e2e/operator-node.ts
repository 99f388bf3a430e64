import { join } from 'node:path';
import { BedApi, waitFor } from '../cluster/bed-api.ts';
import { appImage } from '../cluster/images/app.ts';
import { busyboxImage } from '../cluster/images/busybox.ts';
import { influxImage, type InfluxVersion } from '../cluster/images/influxdb.ts';
import { operatorImage } from '../cluster/images/operator.ts';
import { readKubeconfig } from '../cluster/kubeconfig.ts';
import { type Node, type NodeOptions, startNode } from '../cluster/node.ts';
import { installOperator, root } from '../demo/install.ts';
import { Kubectl } from '../demo/kubectl.ts';
import { PATIENCE_MS } from '../patience.ts';
import { keepRequests } from '../requests.ts';
import { Space } from './space.ts';

/** A real node on which the operator was installed by its chart, with the catalogue entries for tests. */
export interface OperatorNode extends AsyncDisposable {
  readonly node: Node;
  readonly api: BedApi;
  readonly kube: Kubectl;
  /** A namespace of its own for one test, which accepts pods of the `restricted` standard only. */
  space(name: string, labels?: Record<string, string>): Promise<Space>;
}

export interface OperatorNodeOptions extends NodeOptions {
  /** Engine images to load, all but the first while the operator starts. Default: 1.8.10 only. */
  engines?: InfluxVersion[];
  /** Values of the chart over the two replicas that tests run with. */
  values?: Record<string, unknown>;
  /** Installs the operator in another way than by Helm. */
  install?: (at: { node: Node; kube: Kubectl }) => Promise<void>;
}

export async function startOperatorNode(options: OperatorNodeOptions = {}): Promise<OperatorNode> {
  const { engines = ['1.8.10'], values = {}, install, ...nodeOptions } = options;
  const images = { operator: await operatorImage(), app: await appImage(), busybox: await busyboxImage() };
  const archives: string[] = [];
  for (const version of engines) archives.push(await influxImage(version));
  const node = await startNode(nodeOptions);
  try {
    const kube = await Kubectl.of(node.kubeconfig);
    const api = new BedApi(await readKubeconfig(node.kubeconfig));
    await node.importImage(images.operator);
    const others = loadAll(node, [...archives, images.app, images.busybox]);
    others.catch(() => {});
    await (install?.({ node, kube }) ??
      installOperator(node.kubeconfig, { values: { replicas: 2, ...values } }));
    await applied(kube, 'test/overlay');
    await others;
    const space = async (name: string, more: Record<string, string> = {}): Promise<Space> => {
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', ...more };
      await api.apply(`/api/v1/namespaces/${name}`, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels },
      });
      // Pods are refused until their namespace has its service account.
      await waitFor(
        `the service account of ${name}`,
        () => api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`),
        { timeoutMs: PATIENCE_MS },
      );
      return new Space(name, node, api, kube);
    };
    const stop = async (): Promise<void> => {
      api.close();
      if (nodeOptions.auditLog !== false) await keepRequests(node);
      await node.stop();
    };
    return { node, api, kube, space, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

/** Applies a folder of this repository, as soon as discovery tells its kinds: some time after they are established. */
export async function applied(kube: Kubectl, folder: string): Promise<void> {
  const apply = () => kube.run(['apply', '-k', join(root, folder)]);
  await waitFor(`${folder} to be taken`, apply, { timeoutMs: PATIENCE_MS, everyMs: 500 });
}

async function loadAll(node: Node, archives: string[]): Promise<void> {
  for (const archive of archives) await node.importImage(archive);
}
