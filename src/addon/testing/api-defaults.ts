import type { Container, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../kube/objects/types.ts';

/** What the API server adds to the children when it stores them: the fields that a comparison must not trip over. */
export function withApiDefaults<T extends KubeObject>(object: T): T {
  const copy = structuredClone(object) as T & { spec?: Record<string, unknown> };
  const { spec } = copy;
  if (spec === undefined) return copy;
  switch (object.kind) {
    case 'Service':
      fill(spec, {
        clusterIP: '10.0.0.7',
        clusterIPs: ['10.0.0.7'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
      });
      break;
    case 'PersistentVolumeClaim':
      fill(spec, { storageClassName: 'standard', volumeName: 'pv-1' });
      break;
    case 'StatefulSet':
      fill(spec, { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } });
      fill(spec['updateStrategy'] as object, { rollingUpdate: { partition: 0 } });
      defaultTemplate(spec['template'] as PodTemplateSpec);
      break;
    default:
  }
  return copy;
}

function defaultTemplate(template: PodTemplateSpec): void {
  const pod = template.spec;
  if (pod === undefined) return;
  fill(template.metadata ?? {}, { creationTimestamp: null });
  fill(pod, { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' });
  for (const volume of pod.volumes ?? []) if (volume.secret) fill(volume.secret, { defaultMode: 420 });
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) defaultContainer(container);
}

function defaultContainer(container: Container): void {
  fill(container, { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' });
  for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
    if (probe) fill(probe, { successThreshold: 1 });
  // Quantities are stored in their canonical spelling.
  const { requests } = container.resources ?? {};
  if (requests?.['cpu'] === '1000m') requests['cpu'] = '1';
}

function fill(target: object, defaults: object): void {
  Object.assign(target, { ...defaults, ...target });
}
