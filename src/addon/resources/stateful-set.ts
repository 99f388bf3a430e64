import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { stateOf, placementOf } from '../../api/addon-defaults.ts';
import type { StatefulSet } from '../../kube/kinds.ts';
import { hashOf } from '../hash.ts';
import { ANNOTATION, childNames, ownedMeta, podLabels } from '../names.ts';
import type { BuildContext } from './context.ts';
import { buildPodTemplate } from './pod-template.ts';

/** One replica, and never two: two servers on one data folder do not notice each other. */
export function buildStatefulSet(context: BuildContext): StatefulSet {
  const { addon } = context;
  const names = childNames(addon.metadata.name);
  const { template, renderedFor } = renderedTemplate(context);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      ...ownedMeta(addon, names.statefulSet),
      annotations: { [ANNOTATION.rendered]: JSON.stringify(template), [ANNOTATION.renderedFor]: renderedFor },
    },
    spec: {
      replicas: stateOf(addon) === 'Stopped' ? 0 : 1,
      serviceName: names.service,
      // OrderedReady would keep a pod with a broken image for ever (kubernetes#67250).
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      revisionHistoryLimit: 3,
      selector: { matchLabels: podLabels(addon.metadata.name) },
      template,
    },
  };
}

/**
 * The template in force. It is rendered anew only when something that a user or the catalogue decided has changed:
 * an operator whose renderer differs finds the old template on the StatefulSet and restarts nothing.
 */
export function renderedTemplate(context: BuildContext): { template: PodTemplateSpec; renderedFor: string } {
  const { addon, target, children } = context;
  const renderedFor = hashOf({ target, placement: placementOf(addon) });
  const annotations = children.statefulSet?.metadata.annotations;
  const kept =
    annotations?.[ANNOTATION.renderedFor] === renderedFor
      ? parse(annotations[ANNOTATION.rendered])
      : undefined;
  return { template: kept ?? buildPodTemplate(context), renderedFor };
}

function parse(text: string | undefined): PodTemplateSpec | undefined {
  if (text === undefined) return undefined;
  try {
    const template = JSON.parse(text) as PodTemplateSpec;
    return template.spec?.containers === undefined ? undefined : template;
  } catch {
    return undefined; // an edited annotation is rendered anew
  }
}
