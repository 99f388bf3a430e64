import { Annotation } from '../../api/annotations.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Change } from '../../kube/store/store-options.ts';
import type { Store } from '../../kube/store/store.ts';
import type { Live } from '../../kube/objects/types.ts';
import { isRunning } from '../pod/state.ts';

/** By which an addon is asked for something without an edit of its spec. The operator writes none of them. */
const WISHES = [
  Annotation.paused,
  Annotation.rotate,
  Annotation.restart,
  Annotation.maintainNow,
  Annotation.allowDataLoss,
  Annotation.skipBackup,
  Annotation.startEmpty,
] as const;

/**
 * Somebody asked the addon for something, and waits for what comes of that. A new one has its turn among all: of many
 * that are made at once those whose database has come up go first, or everybody waited for the last.
 */
export function isAskedFor({ before, after }: Change<InfluxAddon>): boolean {
  if (before === undefined || after === undefined) return false;
  return before.metadata.generation !== after.metadata.generation || isWishedAnew(before, after);
}

/** It was edited and nobody has answered since. A new one has its turn among all here too. */
export function isUnanswered({ metadata, status }: Live<InfluxAddon>): boolean {
  return status !== undefined && status.observedGeneration !== metadata.generation;
}

function isWishedAnew(before: Live<InfluxAddon>, after: Live<InfluxAddon>): boolean {
  const [was, is] = [before.metadata.annotations, after.metadata.annotations];
  return WISHES.some((key) => was?.[key] !== is?.[key]);
}

/** The database has come up since it was looked at, for which somebody waits. One of the first list may be old. */
export function hasComeUp(
  { before, after }: Change<Pod>,
  { hasSynced }: Pick<Store<Pod>, 'hasSynced'>,
): boolean {
  if (after === undefined || !isRunning(after)) return false;
  return before === undefined ? hasSynced : !isRunning(before);
}
