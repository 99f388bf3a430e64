import { operatorManifests } from '../../build/operator-manifests.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { Namespace } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { rightsOf } from './rights.ts';

/** A second installation for all namespaces, as a release of another name in a namespace of its own has it. */
export const SECOND = {
  namespace: 'second-system',
  user: 'system:serviceaccount:second-system:second',
  flags: [
    '--pod-namespace=second-system',
    '--installation=second',
    '--service-account=second',
    '--tenant-role=second-tenant',
  ],
} as const;

/** The rights that are shipped, under the names of the second one. */
export async function allowSecond(client: KubeClient): Promise<void> {
  await client.create(Namespace, { metadata: { name: SECOND.namespace } });
  const text = JSON.stringify(operatorManifests('test'))
    .replaceAll('influxaddon-system', SECOND.namespace)
    .replaceAll(/influxaddon-operator(?!-lock"\])/g, 'second');
  for (const { kind, manifest } of rightsOf(JSON.parse(text) as KubeObject[], 'second'))
    await client.create(kind, manifest);
}
