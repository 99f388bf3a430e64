import { expect } from 'vitest';
import { ADDON, condition, type Place, plan } from './place.ts';
import type { Scenario } from './scenario.ts';

export const volumeScenarios: readonly Scenario[] = [
  {
    name: 'a volume that does not grow keeps the larger plan from being called done, and going back asks for less again',
    run: async (place) => {
      const [small, large] = await stuckPlans(place);
      await place.bound({ plan: small });
      await place.edit({ plan: large });
      await place.until(ADDON, 'to wait for its volume', (each) => {
        const ready = condition(each, 'Ready');
        const isWaiting = ready?.reason === 'ChangingPlan' && ready.message.includes('volume');
        return isWaiting && each.status?.plan === small;
      });
      await place.edit({ plan: small });
      await place.settled();
      const request = '{.spec.resources.requests.storage}';
      const asked = await place.kubectl(['get', 'pvc', `${ADDON}-influx-data`, '-o', `jsonpath=${request}`]);
      expect(asked).not.toBe('64Mi');
    },
  },
];

/** A class with whose volumes nothing happens once they are there, and one such volume. */
async function stuckPlans(place: Place): Promise<[string, string]> {
  const { namespace, on } = place;
  const name = `stuck-${namespace}`;
  const path = `/var/tmp/${name}`;
  await on.node.runInside('mkdir', ['-p', path]);
  await place.apply(
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '32Mi' },
        accessModes: ['ReadWriteOncePod'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: name,
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'kubernetes.io/hostname', operator: 'In', values: [on.node.nodeName] },
                ],
              },
            ],
          },
        },
      },
    },
    plan(`${name}-small`, {}, { className: name }),
    plan(`${name}-large`, { memory: '96Mi' }, { className: name, size: '64Mi' }),
  );
  return [`${name}-small`, `${name}-large`];
}
