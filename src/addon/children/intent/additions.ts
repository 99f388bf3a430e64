import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { nameOf } from '../../../kube/objects/named-lists.ts';
import { isOurs } from '../pod/ours.ts';

/** One thing that somebody else has put into a pod template of ours: a container, a variable, a label. */
export interface Addition {
  /** Of the list or map that it is in; what is in a list stands there by its name. */
  readonly at: readonly string[];
  /** In a list: itself. In a map: its key and value. */
  readonly item?: unknown;
  readonly entry?: readonly [key: string, value: string];
}

type Fields = Readonly<Record<string, unknown>>;

/** Lists whose items have names, by the field of the template that they are under. */
const LISTS_OF_POD = ['initContainers', 'containers', 'volumes', 'tolerations', 'imagePullSecrets'] as const;
const LISTS_OF_CONTAINER = ['env', 'ports', 'volumeMounts'] as const;
const MAPS = ['labels', 'annotations'] as const;

/** What is in `live` beyond the template as it was rendered. What that has, is ours to change and to take away. */
export function additionsBeyond(rendered: PodTemplateSpec, live: PodTemplateSpec | undefined): Addition[] {
  const found: Addition[] = [];
  for (const map of MAPS) {
    const ours = rendered.metadata?.[map] ?? {};
    for (const [key, value] of Object.entries(live?.metadata?.[map] ?? {}))
      if (!(key in ours) && !isOurs(key)) found.push({ at: ['metadata', map], entry: [key, value] });
  }
  for (const list of LISTS_OF_POD) {
    const theirs = itemsOf(live?.spec, list);
    const ours = itemsOf(rendered.spec, list);
    found.push(...surplus(['spec', list], ours, theirs));
    if (list !== 'containers' && list !== 'initContainers') continue;
    for (const container of ours) {
      const name = nameOf(list, container) ?? '';
      const present = theirs.find((each) => nameOf(list, each) === name);
      for (const inner of LISTS_OF_CONTAINER)
        found.push(
          ...surplus(['spec', list, name, inner], itemsOf(container, inner), itemsOf(present, inner)),
        );
    }
  }
  return found;
}

/** The template with what others have added; behind what is ours, which wins where both have one name. */
export function withAdditions(template: PodTemplateSpec, additions: readonly Addition[]): PodTemplateSpec {
  if (additions.length === 0) return template;
  const merged = structuredClone(template);
  for (const { at, item, entry } of additions) {
    const last = at.at(-1) ?? '';
    const holder = holderOf(merged, at.slice(0, -1));
    if (holder === undefined) continue;
    if (entry !== undefined) holder[last] = { [entry[0]]: entry[1], ...(holder[last] as Fields | undefined) };
    else {
      const items = (holder[last] as unknown[] | undefined) ?? [];
      const isThere = items.some((each) => nameOf(last, each) === nameOf(last, item));
      if (!isThere) holder[last] = [...items, item];
    }
  }
  return merged;
}

function surplus(at: string[], ours: readonly unknown[], theirs: readonly unknown[]): Addition[] {
  const list = at.at(-1) ?? '';
  const names = new Set(ours.map((item) => nameOf(list, item)));
  return theirs.filter((item) => !names.has(nameOf(list, item))).map((item) => ({ at, item }));
}

/** Undefined where a container of ours is not wanted any more: with it goes what was added to it. */
function holderOf(template: PodTemplateSpec, path: readonly string[]): Record<string, unknown> | undefined {
  const [part = '', list = '', name] = path;
  const holder = ((template as Record<string, unknown>)[part] ??= {}) as Record<string, unknown>;
  if (name === undefined) return holder;
  return itemsOf(holder, list).find((each) => nameOf(list, each) === name) as
    | Record<string, unknown>
    | undefined;
}

function itemsOf(holder: unknown, list: string): readonly unknown[] {
  return ((holder as Fields | undefined)?.[list] as unknown[] | undefined) ?? [];
}
