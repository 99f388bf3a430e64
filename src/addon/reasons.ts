/** Reasons of the Ready condition, which the STATUS column shows. */
export const READY_REASON = {
  provisioning: 'Provisioning',
  ready: 'Ready',
  changingPlan: 'ChangingPlan',
  upgrading: 'Upgrading',
  switchingTls: 'SwitchingTLS',
  restartingApps: 'RestartingApps',
  stopping: 'Stopping',
  stopped: 'Stopped',
  paused: 'Paused',
  blocked: 'Blocked',
  unschedulable: 'Unschedulable',
  degraded: 'Degraded',
  deleting: 'Deleting',
} as const;
export type ReadyReason = (typeof READY_REASON)[keyof typeof READY_REASON];

/** Reasons of the Stalled condition: nothing more happens until a user acts. */
export const STALLED_REASON = {
  unknownPlan: 'UnknownPlan',
  withdrawnPlan: 'WithdrawnPlan',
  dataTooLarge: 'DataTooLarge',
  certificateMissing: 'CertificateMissing',
  certificateRefused: 'CertificateRefused',
  unknownVersion: 'UnknownVersion',
  withdrawnVersion: 'WithdrawnVersion',
  downgradeRefused: 'DowngradeRefused',
  upgradeRefused: 'UpgradeRefused',
  notImplemented: 'NotImplemented',
  nameConflict: 'NameConflict',
  quotaExceeded: 'QuotaExceeded',
  forbidden: 'Forbidden',
  rejected: 'Rejected',
  unknownStorageClass: 'UnknownStorageClass',
  prefixTaken: 'PrefixTaken',
  metaMissing: 'MetaMissing',
  metaCorrupt: 'MetaCorrupt',
  volumeBeingDeleted: 'VolumeBeingDeleted',
} as const;
export type StalledReason = (typeof STALLED_REASON)[keyof typeof STALLED_REASON];

/** Reasons of events. */
export const EVENT_REASON = {
  provisioning: 'Provisioning',
  ready: 'DatabaseReady',
  degraded: 'DatabaseDegraded',
  blocked: 'Blocked',
  appRestarted: 'AppRestarted',
  administratorLost: 'AdministratorLost',
  databaseRepaired: 'DatabaseRepaired',
  childRestored: 'ChildRestored',
  maintenanceStarted: 'MaintenanceStarted',
  maintenanceDone: 'MaintenanceDone',
  stopped: 'Stopped',
  deleting: 'Deleting',
} as const;
