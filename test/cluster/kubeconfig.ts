import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bedsRoot } from './bed.ts';

/** What is needed to talk to an API server as one user. */
export interface Access {
  server: string;
  /** PEM */
  ca: string;
  token: string;
}

/** Writes a kubeconfig with one cluster, user and context; JSON, which is YAML. */
export async function writeKubeconfig(path: string, access: Access, user: string): Promise<string> {
  const name = 'bed';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: access.server,
          'certificate-authority-data': Buffer.from(access.ca).toString('base64'),
        },
      },
    ],
    users: [{ name: user, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user, namespace: 'default' } }],
  };
  // Whole or not at all: several may write the same one while others read it.
  const written = `${path}.${randomUUID()}`;
  await writeFile(written, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  await rename(written, path);
  return path;
}

/** Reads back what {@link writeKubeconfig} wrote. */
export async function readKubeconfig(path: string): Promise<Access> {
  const config = JSON.parse(await readFile(path, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { token: string } }];
  };
  const { cluster } = config.clusters[0];
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8');
  return { server: cluster.server, ca, token: config.users[0].user.token };
}

/**
 * For kubectl: what it keeps of a bed's API for hours is kept with the bed and goes with it. In the user's own cache
 * the next bed, which has the same address, would be taken for this one. Nothing changes for any other cluster.
 */
export function kubectlCache(kubeconfig: string): Record<string, string> {
  return kubeconfig.startsWith(`${bedsRoot()}/`)
    ? { KUBECACHEDIR: join(dirname(kubeconfig), 'kubectl') }
    : {};
}
