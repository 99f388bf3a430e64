import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Action, ReplaceAction } from '../decision/action.ts';
import { findingOf } from '../decision/findings.ts';
import { CHILDREN } from './index.ts';
import type { BuildContext } from './context.ts';
import type { Children } from '../world/children.ts';
import { makingOf, mendsOf } from './contested/mends.ts';
import type { Mends } from './contested/repairs.ts';
import { differences, replacement, withIntentHash } from './intent/merge.ts';
import type { Finding } from '../world/memory.ts';

export interface ChildChange {
  readonly slot: keyof Children;
  readonly action: Action;
  /** What the child lacks; undefined when it is to go. */
  readonly mends?: Mends;
}

/** What has to be done so that the children are as the builders want them. Nothing when they are. */
export function childChanges(context: BuildContext, held: ReadonlySet<keyof Children>): ChildChange[] {
  const changes = CHILDREN.flatMap(({ slot, kind, build, opens = [], behind = false }): ChildChange[] => {
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
    if (live === undefined) {
      const object = withIntentHash(intent);
      const action: Action = { do: 'create', kind, object, opens: opens.includes('create'), behind };
      return [{ slot, action, mends: makingOf(intent) }];
    }
    // A child on its way out is made anew once it is gone; writing to it would change nothing.
    if (live.metadata.deletionTimestamp !== undefined) return [];
    const paths = differences(live, intent);
    const [why] = paths;
    if (why === undefined) return [];
    const action: Action = {
      do: 'replace',
      kind,
      object: replacement(live, intent),
      why,
      opens: opens.includes('replace'),
      ...followed(slot, context.children),
    };
    return [{ slot, action, mends: mendsOf(live, intent, paths) }];
  });
  // What is not wanted any more goes first and in the opposite order: the way in before what guards it.
  const isDelete = ({ action }: ChildChange) => action.do === 'delete';
  return [...changes.filter(isDelete).toReversed(), ...changes.filter((change) => !isDelete(change))];
}

/** The database runs with what the admin Secret says is in force, which is written first. */
function followed(slot: keyof Children, { adminSecret }: Children): Pick<ReplaceAction, 'follows'> {
  return slot === 'statefulSet' && adminSecret !== undefined ? { follows: adminSecret } : {};
}

/**
 * Without what was refused a moment ago. Behind a child that cannot be made none is made either, since each may build
 * on those before it: an engine started on somebody else's volume would write to it. Those that were being made beside
 * it when it was refused are there; they build on nothing that was under way with them.
 */
export function withoutRefused(changes: readonly ChildChange[], active: readonly Finding[]): ChildChange[] {
  const refused = ({ action }: ChildChange) => findingOf(action, active) !== undefined;
  const missing = changes.findIndex((change) => change.action.do === 'create' && refused(change));
  return changes.filter(
    (change, index) => !refused(change) && (missing < 0 || index < missing || change.action.do !== 'create'),
  );
}
