import { KubeClient } from '../kube/api/client.ts';
import type { Credentials } from '../kube/api/credentials.ts';
import { HttpTransport } from '../kube/api/http-transport.ts';
import { readKubeconfig } from '../kube/api/kubeconfig.ts';
import { openForward } from '../kube/api/port-forward.ts';
import { VERSION } from '../version.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Given } from './command/given-options.ts';
import type { Cluster } from './command/verb.ts';

/** Connects as the kubeconfig says. Nothing is asked of the server yet. Throws CliError. */
export async function connect(
  given: Given,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Cluster> {
  const choice = { path: given.text('kubeconfig'), context: given.text('context'), environment };
  const credentials = await readKubeconfig(choice).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.unreachable, `the kubeconfig cannot be used: ${why}`, { cause: error });
  });
  return clusterOf(credentials, `kubectl-influx/${VERSION}`, given.text('namespace'));
}

/** The cluster with these credentials. Nothing is asked of the server yet. */
export function clusterOf(
  credentials: Credentials,
  userAgent: string,
  namespace = credentials.namespace,
): Cluster {
  const transport = new HttpTransport({ credentials, userAgent, connections: 8 });
  return {
    client: new KubeClient(transport, { fieldManager: 'kubectl-influx' }),
    namespace,
    text: (at, query, signal) => transport.text({ method: 'GET', path: at, query, signal }),
    json: (path, signal) => transport.request({ method: 'GET', path, signal }),
    forward: ({ namespace: elsewhere = namespace, pod, port, localPort }) =>
      openForward(credentials, { namespace: elsewhere, pod, port, localPort, userAgent }),
    close: () => transport.close(),
  };
}
