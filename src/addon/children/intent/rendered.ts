import { gunzipSync, gzipSync } from 'node:zlib';
import type { StatefulSetSpec } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { contains } from '../../../kube/objects/contains.ts';
import type { StatefulSet } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { hashOf } from '../../world/hash.ts';
import { ANNOTATION } from '../../world/names.ts';
import { additionsBeyond, type Addition } from './additions.ts';

/** A pod template as the text of an annotation: packed, since it is mostly a script that is the same for all. */
export function packTemplate(template: PodTemplateSpec): string {
  return gzipSync(JSON.stringify(template)).toString('base64');
}

/** Undefined for a text that somebody edited: the template is rendered anew then. */
export function unpackTemplate(text: string | undefined): PodTemplateSpec | undefined {
  if (text === undefined) return undefined;
  try {
    const template = JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')) as PodTemplateSpec;
    return template.spec?.containers === undefined ? undefined : template;
  } catch {
    return undefined;
  }
}

/** In the cache only: the hash of the template in the annotation, made once for each state of the StatefulSet. */
const AS_RENDERED = 'influxaddon.dev/as-rendered';
/** In the cache only: what others have added to the template. */
const ADDED = 'influxaddon.dev/added';
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/**
 * What the cache keeps of a StatefulSet of ours: one that runs the template of its annotation is kept without the
 * template, which would be most of the operator's memory, but with what others added to it. One in which somebody has
 * edited what is ours is kept whole.
 */
export function slimStatefulSet(live: Live<StatefulSet>, before?: Live<StatefulSet>): Live<StatefulSet> {
  // Its status has changed, as it does often, and nothing else.
  if (before !== undefined && isOneSpec(live, before))
    return { ...live, spec: { ...live.spec, template: before.spec.template } as StatefulSetSpec };
  const rendered = unpackTemplate(live.metadata.annotations?.[ANNOTATION.rendered]);
  if (rendered === undefined || live.spec === undefined || !contains(live.spec.template, rendered))
    return live;
  const mark = live.spec.template.metadata?.annotations?.[RESTARTED_AT];
  const added = additionsBeyond(rendered, live.spec.template);
  const annotations = {
    [AS_RENDERED]: hashOf(rendered),
    ...(added.length === 0 ? {} : { [ADDED]: JSON.stringify(added) }),
    ...(mark === undefined ? {} : { [RESTARTED_AT]: mark }),
  };
  return { ...live, spec: { ...live.spec, template: { metadata: { annotations } } } };
}

function isOneSpec(
  live: Live<StatefulSet>,
  before: Live<StatefulSet>,
): before is Live<StatefulSet> & Specified {
  const [is, was] = [live.metadata, before.metadata];
  return (
    isAsRendered(before.spec?.template) &&
    live.spec !== undefined &&
    is.uid === was.uid &&
    is.generation === was.generation &&
    is.annotations?.[ANNOTATION.rendered] === was.annotations?.[ANNOTATION.rendered]
  );
}

interface Specified {
  readonly spec: StatefulSetSpec;
}

/** Stands for the template in the annotation, in the cache and in intents made from there. */
export function isAsRendered(template: PodTemplateSpec | undefined): boolean {
  return template?.metadata?.annotations?.[AS_RENDERED] !== undefined;
}

/** Hash of the template that was rendered for this StatefulSet; undefined when somebody has spoiled the record. */
export function renderedHash({ metadata, spec }: Live<StatefulSet>): string | undefined {
  const mark = spec?.template.metadata?.annotations?.[AS_RENDERED];
  if (mark !== undefined) return mark;
  const rendered = unpackTemplate(metadata.annotations?.[ANNOTATION.rendered]);
  return rendered === undefined ? undefined : hashOf(rendered);
}

/**
 * What others have added to the template of a StatefulSet since it was rendered. Nothing, when somebody has spoiled the
 * record: what was ours once cannot be told from that.
 */
export function additionsOf({ metadata, spec }: Live<StatefulSet>): readonly Addition[] {
  const annotations = spec?.template.metadata?.annotations;
  if (isAsRendered(spec?.template)) return JSON.parse(annotations?.[ADDED] ?? '[]') as Addition[];
  const rendered = unpackTemplate(metadata.annotations?.[ANNOTATION.rendered]);
  return rendered === undefined ? [] : additionsBeyond(rendered, spec?.template);
}
