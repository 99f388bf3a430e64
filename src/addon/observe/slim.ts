import { given } from '../../kube/objects/given.ts';
import type { Live } from '../../kube/objects/types.ts';
import type * as kinds from '../../kube/objects/kinds.ts';
import { ENGINE_CONTAINER } from '../world/names.ts';

/** Without what it was told to do, which whoever made it can tell again. */
export function slimJob({ metadata, status }: Live<kinds.Job>): Live<kinds.Job> {
  return { metadata, ...given({ status }) };
}

export function slimJobPod(pod: Live<kinds.Pod>): Live<kinds.Pod> {
  const { ownerReferences } = pod.metadata;
  const { metadata, status } = slimPod(pod);
  const { reason } = pod.status ?? {};
  return {
    metadata: { ...metadata, ...given({ ownerReferences }) },
    status: { ...status, ...given({ reason }) },
  };
}

export function slimPod(pod: Live<kinds.Pod>): Live<kinds.Pod> {
  const { uid, name, namespace, resourceVersion, labels, deletionTimestamp, creationTimestamp } =
    pod.metadata;
  const ours = (pod.spec?.containers ?? []).filter(({ name }) => name === ENGINE_CONTAINER);
  const data = pod.spec?.volumes?.find(({ name }) => name === 'data')?.persistentVolumeClaim;
  const metadata = {
    uid,
    name,
    resourceVersion,
    labels: labels ?? {},
    namespace: namespace ?? '',
    ...given({ deletionTimestamp, creationTimestamp }),
  };
  const spec = {
    containers: ours.map(({ name, image }) => ({ name, ...given({ image }) })),
    ...given({ nodeName: pod.spec?.nodeName }),
    ...(data === undefined ? {} : { volumes: [{ name: 'data', persistentVolumeClaim: data }] }),
  };
  const { phase, podIP, conditions, containerStatuses, initContainerStatuses } = pod.status ?? {};
  return {
    metadata,
    spec,
    status: given({ phase, podIP, conditions, containerStatuses, initContainerStatuses }),
  } as Live<kinds.Pod>;
}

export function slimNamespace(namespace: Live<kinds.Namespace>): Live<kinds.Namespace> {
  const { uid, name, resourceVersion, deletionTimestamp } = namespace.metadata;
  return { metadata: { uid, name, resourceVersion, ...given({ deletionTimestamp }) } };
}

export function slimStorageClass(storageClass: Live<kinds.StorageClass>): Live<kinds.StorageClass> {
  const { uid, name, resourceVersion, annotations } = storageClass.metadata;
  const mark = annotations?.['storageclass.kubernetes.io/is-default-class'];
  const kept =
    mark === undefined ? {} : { annotations: { 'storageclass.kubernetes.io/is-default-class': mark } };
  const { provisioner, allowVolumeExpansion } = storageClass;
  return {
    metadata: { uid, name, resourceVersion, ...kept },
    provisioner,
    ...given({ allowVolumeExpansion }),
  };
}
