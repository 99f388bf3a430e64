import type { StorageClass } from 'kubernetes-types/storage/v1.js';

export const provisionerName = 'bed.influxaddon.dev/loop';

/** The bed's default class: as on most clouds, a volume is made when its first pod is scheduled, and can grow. */
export const defaultClassName = 'bed-local';
/** The same without expansion. */
export const fixedClassName = 'bed-fixed';

export const storageClasses: StorageClass[] = [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name: defaultClassName,
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: provisionerName,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: fixedClassName },
    provisioner: provisionerName,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: false,
  },
];
