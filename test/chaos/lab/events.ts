import type { Revision } from './recorder.ts';
import { withoutUids } from './write.ts';

/** `StatefulSet/my-app-influx~2`: the second change of that object in the act phase, the same in every run. */
export type EventKey = string;

/** The changes after `from`, each with its key; those of pods of apps, whose names are drawn, are left out. */
export function numberedEvents(
  history: readonly Revision[],
  from: number,
): { readonly key: EventKey; readonly revision: Revision }[] {
  const counts = new Map<string, number>();
  return history.flatMap((revision) => {
    const { kind, object, version } = revision;
    if (version <= from || (kind === 'Pod' && !object.metadata.name.endsWith('-influx-0'))) return [];
    const name = withoutUids(`${kind}/${object.metadata.name}`);
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return [{ key: `${name}~${nth}`, revision }];
  });
}
