import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { StatefulSet } from '../../../kube/objects/kinds.ts';
import { contains } from '../../../kube/objects/contains.ts';
import type { KubeObject, Live } from '../../../kube/objects/types.ts';
import { ANNOTATION } from '../../world/names.ts';
import { withIntentHash } from '../intent/merge.ts';
import type { Mends } from './repairs.ts';

/** For {@link Mends.paths}. */
const MISSING = ['missing'];

export function makingOf(intent: KubeObject): Mends {
  const of = intentOf(withIntentHash(intent)) ?? '';
  return { of, again: false, generation: undefined, paths: MISSING, endsPod: false, isHarmless: false };
}

export function mendsOf(live: Live<KubeObject>, intent: KubeObject, paths: readonly string[]): Mends {
  const of = intentOf(withIntentHash(intent)) ?? '';
  return {
    of,
    again: intentOf(live) === of,
    generation: live.metadata.generation,
    paths,
    endsPod: endsPod(live, intent),
    isHarmless: paths.every((path) => path.startsWith('metadata.') || isSameImage(path, live, intent)),
  };
}

function intentOf({ metadata }: KubeObject): string | undefined {
  return metadata?.annotations?.[ANNOTATION.intent];
}

/** What runs now is replaced, or ended again by whoever scales it down. */
function endsPod(live: KubeObject, intent: KubeObject): boolean {
  const [is, wanted] = [live, intent].map((object) => (object as StatefulSet).spec);
  if (wanted?.template === undefined || is === undefined) return false;
  return (is.replicas === 0 && wanted.replicas !== 0) || !contains(is.template, wanted.template);
}

const IMAGE = /^spec\.template\.spec\.(containers|initContainers)\.([^.]+)\.(image|imagePullPolicy)$/;

/** The image of a container comes from another registry, under its own name and tag. */
function isSameImage(path: string, live: KubeObject, intent: KubeObject): boolean {
  const [, list, name, field] = IMAGE.exec(path) ?? [];
  if (field === undefined) return false;
  const [is, wanted] = [live, intent].map((object) => {
    const spec = (object as { spec?: { template?: PodTemplateSpec } }).spec?.template?.spec;
    const containers = spec?.[list as 'containers' | 'initContainers'];
    return containers
      ?.find((each) => each.name === name)
      ?.image?.split('/')
      .at(-1);
  });
  return is?.split('@')[0] === wanted?.split('@')[0];
}
