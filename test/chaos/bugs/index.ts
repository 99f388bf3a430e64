import { annotationsUnnoticed } from './annotations-unnoticed.ts';
import { appsFollowPods } from './apps-follow-pods.ts';
import { deletesByDefault } from './deletes-by-default.ts';
import { deletesWithoutPreconditions } from './deletes-without-preconditions.ts';
import { expiredWatchGoesOn } from './expired-watch-goes-on.ts';

import { halfDeleted } from './half-deleted.ts';
import { lostLabelsForeign } from './lost-labels-foreign.ts';
import { neverAskedAgain } from './never-asked-again.ts';
import { passwordFromOneCopy } from './password-from-one-copy.ts';
import { readyUnasked } from './ready-unasked.ts';
import { replacesWithoutVersion } from './replaces-without-version.ts';
import { statusOverAnything } from './status-over-anything.ts';
import { transitionTimesMove } from './transition-times-move.ts';
import { variablesStay } from './variables-stay.ts';
import type { SeededBug } from './seeded-bug.ts';

export const bugs: readonly SeededBug[] = [
  deletesWithoutPreconditions,
  replacesWithoutVersion,
  annotationsUnnoticed,
  halfDeleted,
  lostLabelsForeign,
  passwordFromOneCopy,
  variablesStay,
  deletesByDefault,
  statusOverAnything,
  transitionTimesMove,
  appsFollowPods,
  neverAskedAgain,
  expiredWatchGoesOn,
  readyUnasked,
];
