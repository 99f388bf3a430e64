import type { KubeClient } from '../../src/kube/api/client.ts';
import * as kinds from '../../src/kube/objects/kinds.ts';
import type { Kind } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
import { inParallel } from './parallel.ts';

const KINDS: readonly Kind<KubeObject>[] = [
  kinds.Secret,
  kinds.PersistentVolumeClaim,
  kinds.Service,
  kinds.NetworkPolicy,
  kinds.StatefulSet,
];

/**
 * Writes what was made of the one object in `template` again, `size` times, as fast as a bare client can: nobody thinks
 * and nobody waits. Objects per second, each with all that belongs to it.
 */
export async function writeDumbly(client: KubeClient, template: string, size: number): Promise<number> {
  const lists = await Promise.all(
    KINDS.map(async (kind) => {
      const { items } = await client.list(kind, { namespace: template });
      return items.filter(isOwned).map((item) => ({ kind, item: bare(item) }));
    }),
  );
  const objects = lists.flat();
  const namespace = 'dumb';
  await client.create(kinds.Namespace, { metadata: { name: namespace } });
  const started = performance.now();
  await inParallel(size, async (index) => {
    for (const { kind, item } of objects) {
      const name = `${item.metadata?.name}-${index}`;
      await client.create(kind, { ...item, metadata: { ...item.metadata, namespace, name } });
    }
  });
  return size / ((performance.now() - started) / 1000);
}

/** Not what Kubernetes has put into the namespace by itself. */
function isOwned({ metadata }: Live<KubeObject>): boolean {
  return metadata.ownerReferences !== undefined || Object.keys(metadata.labels ?? {}).length > 0;
}

function bare(item: Live<KubeObject>): KubeObject {
  const { metadata, status: _status, ...rest } = item as typeof item & { status?: unknown };
  const { spec } = rest as { spec?: Record<string, unknown> };
  const { clusterIP: _ip, clusterIPs: _ips, volumeName: _volume, ...kept } = spec ?? {};
  // No pods: the floor is the writing of the objects.
  const replicas = kept['template'] === undefined ? {} : { replicas: 0 };
  return {
    ...rest,
    ...(spec === undefined ? {} : { spec: { ...kept, ...replicas } }),
    metadata: { name: metadata.name, labels: { bench: 'dumb' } },
  } as KubeObject;
}
