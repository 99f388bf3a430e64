import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { CHILDREN } from '../../src/addon/resources/index.ts';
import { childNames } from '../../src/addon/names.ts';
import type { Children } from '../../src/addon/resources/context.ts';
import type { Kind } from '../../src/kube/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/types.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { OperatorBed } from './operator-bed.ts';

export type Slot = keyof Children;

/** Kind and name of the child of an addon that is called so. */
export function childOf(addon: string, slot: Slot): { kind: Kind<KubeObject>; name: string } {
  const child = CHILDREN.find((each) => each.slot === slot);
  if (child === undefined) throw new Error(`there is no child ${slot}`);
  return { kind: child.kind, name: childNames(addon)[slot] };
}

/** Every child as the API server has it, those that are not there left out. */
export async function readChildren(
  bed: OperatorBed,
  namespace: string,
  addon: string,
): Promise<Partial<Record<Slot, Live<KubeObject>>>> {
  const found = await Promise.all(
    CHILDREN.map(async ({ slot }) => {
      const { kind, name } = childOf(addon, slot);
      const live = await bed.client.get(kind, { namespace, name });
      return live === undefined ? [] : [[slot, live] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/**
 * uid and resourceVersion of every child, once they have been the same for a second: a child's own controller writes
 * to its status a moment after it is ready. The same twice means that nobody wrote to any of them in between.
 */
export async function versionsOf(
  bed: OperatorBed,
  namespace: string,
  addon: string,
): Promise<Record<string, string>> {
  let before = await versionsNow(bed, namespace, addon);
  for (;;) {
    await delay(1_000);
    const now = await versionsNow(bed, namespace, addon);
    if (isDeepStrictEqual(before, now)) return now;
    before = now;
  }
}

async function versionsNow(
  bed: OperatorBed,
  namespace: string,
  addon: string,
): Promise<Record<string, string>> {
  const children = await readChildren(bed, namespace, addon);
  return Object.fromEntries(
    Object.entries(children).map(([slot, { metadata }]) => [
      slot,
      `${metadata.uid} ${metadata.resourceVersion}`,
    ]),
  );
}

/** Looks until there is an answer; the error names what was waited for, and the last thing seen. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = `: ${String(error)}`;
    }
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}${last}`);
    await delay(50);
  }
}
