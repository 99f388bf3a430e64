import { setTimeout as delay } from 'node:timers/promises';
import { CHILDREN } from '../../src/addon/children/index.ts';
import { childNames } from '../../src/addon/world/names.ts';
import type { Children } from '../../src/addon/world/children.ts';
import { type Kind, Namespace } from '../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../src/kube/objects/types.ts';
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

/** Waits until a namespace that is being deleted is gone. */
export async function namespaceGone(bed: OperatorBed, name: string): Promise<void> {
  await eventually(
    'the namespace to be gone',
    async () => (await bed.client.get(Namespace, { name })) === undefined,
  );
}
