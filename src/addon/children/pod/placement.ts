import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { given } from '../../../kube/objects/given.ts';
import { EXTERNAL_LABEL, labelsOf, podLabels } from '../../world/names.ts';
import { isOurs } from './ours.ts';

/** `spec.placement` as a template was rendered with it: what the template has of it, without what is ours. */
export function placementIn(
  { metadata, spec }: PodTemplateSpec,
  addonName: string,
): NonNullable<InfluxAddonSpec['placement']> {
  const ours = { ...labelsOf(addonName), ...podLabels(addonName), [EXTERNAL_LABEL]: 'true' };
  const labels = Object.entries(metadata?.labels ?? {}).filter(([key]) => !(key in ours));
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !isOurs(key));
  return {
    nodeSelector: spec?.nodeSelector ?? {},
    tolerations: spec?.tolerations ?? [],
    podLabels: Object.fromEntries(labels),
    podAnnotations: Object.fromEntries(annotations),
    ...given({ affinity: spec?.affinity, priorityClassName: spec?.priorityClassName }),
  } as NonNullable<InfluxAddonSpec['placement']>;
}
