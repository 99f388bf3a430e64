import type * as core from 'kubernetes-types/core/v1.js';

type Named<T extends { metadata?: object }> = T & {
  metadata: NonNullable<T['metadata']> & { name: string; namespace: string; uid: string };
};

export type Pod = Named<core.Pod>;
export type Claim = Named<core.PersistentVolumeClaim>;
export type Container = core.Container;

/** `namespace/name` */
export const keyOf = ({ metadata }: Pod | Claim): string => `${metadata.namespace}/${metadata.name}`;

export const podPath = ({ metadata }: Pod, subresource = ''): string =>
  `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}${subresource}`;

/** Names of the claims that a pod mounts, in the order of its volumes. */
export const claimsOf = (pod: Pod): string[] =>
  (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => (claim ? [claim.claimName] : []));

/** The container that runs InfluxDB, if the pod has one. */
export const engineOf = (pod: Pod): Container | undefined =>
  pod.spec?.containers.find(({ image }) => /(^|\/)influxdb:/.test(image ?? ''));
