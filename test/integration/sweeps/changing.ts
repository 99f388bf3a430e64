import { edit, expectChanged, isSettled, NAME, podUid, withApp, type Change, changes } from '../changing.ts';
import type { Sweep } from './sweep.ts';

/** Every change of a running database: the same end, the app restarted once. */
export const changing: readonly Sweep[] = changes.map(sweepOf);

function sweepOf(change: Change): Sweep {
  return {
    name: change.name,
    prepare: async ({ bed, namespace }) => {
      await withApp(bed, namespace, change.from);
      const pod = await podUid(bed, namespace);
      return {
        act: () => edit(bed, namespace, change.to),
        done: () => bed.until(namespace, NAME, 'changed', isSettled),
        check: () => expectChanged(bed, namespace, change, pod),
      };
    },
  };
}
