import type { KubeObject, Live } from '../kube/types.ts';
import type { Action } from './action.ts';
import { findingOf } from './findings.ts';
import { CHILDREN } from './resources/index.ts';
import type { BuildContext, Children } from './resources/context.ts';
import { difference, replacement, withIntentHash } from './resources/merge.ts';
import type { Finding } from './world.ts';

export interface ChildChange {
  readonly slot: keyof Children;
  readonly action: Action;
}

/** What has to be done so that the children are as the builders want them. Nothing when they are. */
export function childChanges(context: BuildContext, held: ReadonlySet<keyof Children>): ChildChange[] {
  return CHILDREN.flatMap(({ slot, kind, build }): ChildChange[] => {
    if (held.has(slot)) return [];
    const live = context.children[slot] as Live<KubeObject> | undefined;
    const intent = build(context);
    if (intent === undefined) {
      if (live === undefined || live.metadata.deletionTimestamp !== undefined) return [];
      const { name, namespace, uid, resourceVersion } = live.metadata;
      const action: Action = {
        do: 'delete',
        kind,
        key: { name, namespace: namespace ?? '' },
        uid,
        resourceVersion,
        why: 'not wanted any more',
      };
      return [{ slot, action }];
    }
    if (live === undefined) return [{ slot, action: { do: 'create', kind, object: withIntentHash(intent) } }];
    // A child on its way out is made anew once it is gone; writing to it would change nothing.
    if (live.metadata.deletionTimestamp !== undefined) return [];
    const why = difference(live, intent);
    return why === undefined
      ? []
      : [{ slot, action: { do: 'replace', kind, object: replacement(live, intent), why } }];
  });
}

/**
 * Without what was refused a moment ago. Behind a child that cannot be made none is made either, since each may build
 * on those before it: an engine started on somebody else's volume would write to it.
 */
export function withoutRefused(changes: readonly ChildChange[], active: readonly Finding[]): ChildChange[] {
  const refused = ({ action }: ChildChange) => findingOf(action, active) !== undefined;
  const missing = changes.findIndex((change) => change.action.do === 'create' && refused(change));
  return changes.filter(
    (change, index) => !refused(change) && (missing < 0 || index < missing || change.action.do !== 'create'),
  );
}
