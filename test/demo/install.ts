import { join } from 'node:path';
import { helm } from '../cluster/binaries.ts';
import { run } from '../cluster/run-command.ts';

export const root = join(import.meta.dirname, '../..');

/** Where the chart puts everything here, and what the release, its Deployment and its ServiceAccount are called. */
export const OPERATOR = { namespace: 'influxaddon-system', name: 'influxaddon-operator' } as const;

/** Installs the chart as it is in this repository, and waits until the operator is ready. */
export async function installOperator(
  kubeconfig: string,
  options: { values?: Record<string, unknown>; say?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const args = [
    'install',
    OPERATOR.name,
    join(root, 'charts', OPERATOR.name),
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    OPERATOR.namespace,
    '--create-namespace',
    '--wait',
    '--timeout',
    '3m',
    '--values',
    '-',
  ];
  const { signal } = options;
  const input = JSON.stringify(options.values ?? {});
  await run(await helm(options.say), args, signal === undefined ? { input } : { input, signal });
}
