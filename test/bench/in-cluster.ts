import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

/**
 * The command line and environment with which a process finds these credentials where a pod has them: the kubeconfig
 * path would load a library that the shipped operator does not. Needs root: the folder exists for that process only.
 */
export async function asInCluster(
  kubeconfig: string,
  namespace: string,
  command: readonly string[],
): Promise<{ command: string[]; env: Record<string, string> }> {
  const { clusters, users } = load(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = clusters[0]?.cluster ?? {
    server: '',
    'certificate-authority-data': '',
  };
  const folder = await mkdtemp(join(tmpdir(), 'bench-account-'));
  await writeFile(join(folder, 'ca.crt'), Buffer.from(ca, 'base64'));
  await writeFile(join(folder, 'token'), users[0]?.user.token ?? '', { mode: 0o600 });
  await writeFile(join(folder, 'namespace'), namespace);
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const script = `mount -t tmpfs none /run && mkdir -p ${account} && cp "$0"/* ${account}/ && rm -r "$0" && exec "$@"`;
  const { hostname, port } = new URL(server);
  return {
    command: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, folder, ...command],
    env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  };
}
