import type { Scenario } from '../scenario.ts';
import { adminSecretDeleted } from './admin-secret-deleted.ts';
import { allInOneEdit } from './all-in-one-edit.ts';
import { appAdded } from './app-added.ts';
import { appRemoved } from './app-removed.ts';
import { backup, backupDeleted, backupFails, backupTriedAgain, deleteWithBackup } from './backups.ts';
import { childrenDeleted } from './children-deleted.ts';
import { childrenEdited } from './children-edited.ts';
import { databaseDrifts } from './database-drifts.ts';
import { deleteAndRecreate } from './delete-and-recreate.ts';
import { deleteEverything } from './delete-everything.ts';
import { deleteRetain } from './delete-retain.ts';
import { everySecretDeleted } from './every-secret-deleted.ts';
import { internetAccess } from './internet-access.ts';
import { namespaceDeleted } from './namespace-deleted.ts';
import { ownCertificate } from './own-certificate.ts';
import { patchMaintainedNow } from './patch-maintained-now.ts';
import { pauseAndResume } from './pause-and-resume.ts';
import { planDown } from './plan-down.ts';
import { planEditedInWindow } from './plan-edited-in-window.ts';
import { planEditedOutsideWindow } from './plan-edited-outside-window.ts';
import { planUp } from './plan-up.ts';
import { planThereAndBack } from './plan-there-and-back.ts';
import { policyChanged } from './policy-changed.ts';
import { provision } from './provision.ts';
import { provisionInjected } from './provision-injected.ts';
import { provisionWithAuthority } from './provision-with-authority.ts';
import { reAdopt } from './re-adopt.ts';
import { refusedAndCorrected } from './refused-and-corrected.ts';
import { addonFromBackup, restore, restoreCorrupt } from './restores.ts';
import { rotate, rotateWithPlan } from './rotate.ts';
import { start } from './start.ts';
import { statefulSetOrphaned } from './stateful-set-orphaned.ts';
import { stop } from './stop.ts';
import { tlsOff } from './tls-off.ts';
import { tlsOn } from './tls-on.ts';
import { twoAddonsOneApp } from './two-addons-one-app.ts';
import { upgrade } from './upgrade.ts';

/** All of them. A capability is held against the harness by a file here and a line in this list. */
export const scenarios: readonly Scenario[] = [
  provision,
  provisionInjected,
  provisionWithAuthority,
  planUp,
  planDown,
  planThereAndBack,
  upgrade,
  tlsOn,
  tlsOff,
  ownCertificate,
  allInOneEdit,
  stop,
  start,
  pauseAndResume,
  deleteRetain,
  deleteEverything,
  reAdopt,
  deleteAndRecreate,
  backup,
  backupTriedAgain,
  backupFails,
  backupDeleted,
  deleteWithBackup,
  restore,
  restoreCorrupt,
  addonFromBackup,
  appAdded,
  appRemoved,
  twoAddonsOneApp,
  namespaceDeleted,
  childrenDeleted,
  statefulSetOrphaned,
  childrenEdited,
  adminSecretDeleted,
  everySecretDeleted,
  databaseDrifts,
  planEditedInWindow,
  planEditedOutsideWindow,
  patchMaintainedNow,
  refusedAndCorrected,
  rotate,
  rotateWithPlan,
  policyChanged,
  internetAccess,
];
