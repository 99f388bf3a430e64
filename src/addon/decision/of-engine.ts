import type { Action } from './action.ts';

/** It speaks to the database, which may hang. */
export function isOfEngine({ do: what }: Action): boolean {
  return OF_ENGINE.includes(what);
}

const OF_ENGINE: readonly Action['do'][] = [
  'askDatabase',
  'changeDatabase',
  'changeContents',
  'measureShards',
  'probeDatabase',
  'measureDatabase',
  'findGrowing',
];
