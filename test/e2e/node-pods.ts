import { readBed } from '../cluster/bed.ts';
import { kubectl } from '../cluster/binaries.ts';
import { objects } from '../cluster/conformance.ts';
import { busyboxImage } from '../cluster/images/busybox.ts';
import { kubectlCache } from '../cluster/kubeconfig.ts';
import { type Traces, tracesOf } from '../cluster/leftovers.ts';
import type { Node } from '../cluster/node.ts';
import { run } from '../cluster/run-command.ts';
import { PATIENCE_MS } from '../patience.ts';

export const namespace = 'bed-pods';

export async function kube(node: { kubeconfig: string }, ...args: string[]): Promise<string> {
  return run(await kubectl(), ['--kubeconfig', node.kubeconfig, ...args], {
    env: kubectlCache(node.kubeconfig),
  });
}

async function apply(node: { kubeconfig: string }, items: object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await run(await kubectl(), ['--kubeconfig', node.kubeconfig, 'apply', '-f', '-'], {
    input,
    env: kubectlCache(node.kubeconfig),
  });
}

export async function runPods(node: Node): Promise<void> {
  await node.importImage(await busyboxImage());
  await apply(node, objects(namespace));
  await kube(
    node,
    'rollout',
    'status',
    'statefulset/set',
    '-n',
    namespace,
    `--timeout=${PATIENCE_MS / 1000}s`,
  );
  await kube(
    node,
    'wait',
    'pod/web',
    'pod/client',
    '-n',
    namespace,
    '--for=condition=Ready',
    `--timeout=${PATIENCE_MS / 1000}s`,
  );
}

export async function podIP(node: Node): Promise<string> {
  return kube(node, 'get', 'pod', 'web', '-n', namespace, '-o', 'jsonpath={.status.podIP}');
}

/** Pods, a mounted volume of the default class, and what the kernel then has to take back. */
export async function useEverything(node: Node): Promise<Traces> {
  await runPods(node);
  const [, , , client] = objects(namespace) as [
    object,
    object,
    object,
    { metadata: object; spec: { containers: [object] } },
  ];
  const metadata = { name: 'data', namespace };
  const requests = { storage: '32Mi' };
  await apply(node, [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests } },
    },
    {
      ...client,
      metadata,
      spec: {
        ...client.spec,
        containers: [{ ...client.spec.containers[0], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
  ]);
  await kube(
    node,
    'wait',
    'pod/data',
    '-n',
    namespace,
    '--for=condition=Ready',
    `--timeout=${PATIENCE_MS / 1000}s`,
  );
  return tracesOf((await readBed(node.name))!);
}

/** How long the node's kubelet lets a container wait at most that ends again and again. */
export async function longestBackOff(node: Node): Promise<string> {
  const answer = await kube(node, 'get', '--raw', `/api/v1/nodes/${node.nodeName}/proxy/configz`);
  const { kubeletconfig } = JSON.parse(answer) as {
    kubeletconfig: { crashLoopBackOff: { maxContainerRestartPeriod: string } };
  };
  return kubeletconfig.crashLoopBackOff.maxContainerRestartPeriod;
}
