import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { stateOf, placementOf } from '../../api/addon-defaults.ts';
import type { StatefulSet } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { hashOf } from '../world/hash.ts';
import { ANNOTATION, childNames, ownedMeta, podLabels } from '../world/names.ts';
import type { BuildContext } from './context.ts';
import { buildPodTemplate } from './pod/template.ts';
import { isAsRendered, packTemplate, renderedHash, unpackTemplate } from './intent/rendered.ts';

/** One replica, and never two: two servers on one data folder do not notice each other. */
export function buildStatefulSet(context: BuildContext): StatefulSet {
  const { addon } = context;
  const names = childNames(addon.metadata.name);
  const wanted = renderedFor(context);
  const { template, packed } = templateInForce(context, wanted);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      ...ownedMeta(addon, names.statefulSet),
      annotations: {
        [ANNOTATION.inForce]: JSON.stringify(context.target),
        [ANNOTATION.rendered]: packed,
        [ANNOTATION.renderedFor]: wanted,
      },
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

/** Hash of everything that a user or the catalogue decided and that goes into the template. */
export function renderedFor({ addon, target }: Pick<BuildContext, 'addon' | 'target'>): string {
  return hashOf({
    target: { ...target, authority: undefined, apps: undefined },
    placement: placementOf(addon),
  });
}

/** A StatefulSet that is there was made for something else than is wanted now. */
export function isSetBehind(context: BuildContext, live: Live<StatefulSet> | undefined): boolean {
  return live !== undefined && live.metadata.annotations?.[ANNOTATION.renderedFor] !== renderedFor(context);
}

/** The template in force and the one that this operator would make for the same wishes, as hashes. */
export function templateHashes(context: BuildContext): { running: string; rendered: string } {
  const rendered = hashOf(render(context));
  const { statefulSet } = context.children;
  return { running: (statefulSet && renderedHash(statefulSet)) ?? rendered, rendered };
}

function render(context: BuildContext): PodTemplateSpec {
  return (context.settings.render ?? buildPodTemplate)(context);
}

/**
 * The template in force. It is rendered anew only when something that a user or the catalogue decided has changed:
 * an operator whose renderer differs finds the old template on the StatefulSet and restarts nothing.
 */
function templateInForce(
  context: BuildContext,
  wanted: string,
): { template: PodTemplateSpec; packed: string } {
  const live = context.children.statefulSet;
  const packed = live?.metadata.annotations?.[ANNOTATION.rendered];
  const keep = context.renewTemplate !== true;
  if (keep && packed !== undefined && live?.metadata.annotations?.[ANNOTATION.renderedFor] === wanted) {
    const present = live.spec?.template;
    const kept = present !== undefined && isAsRendered(present) ? present : unpackTemplate(packed);
    if (kept !== undefined) return { template: kept, packed };
  }
  const template = render(context);
  return { template, packed: packTemplate(template) };
}
