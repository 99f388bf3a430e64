/** Reasons of the Ready condition, which the STATUS column shows. */
export const READY_REASON = {
  provisioning: 'Provisioning',
  ready: 'Ready',
  changingPlan: 'ChangingPlan',
  upgrading: 'Upgrading',
  switchingTls: 'SwitchingTLS',
  restartingApps: 'RestartingApps',
  restoring: 'Restoring',
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
  otherStorageClass: 'OtherStorageClass',
  certificateMissing: 'CertificateMissing',
  certificateRefused: 'CertificateRefused',
  internetAccessRefused: 'InternetAccessRefused',
  noExternalAddress: 'NoExternalAddress',
  unknownVersion: 'UnknownVersion',
  withdrawnVersion: 'WithdrawnVersion',
  downgradeRefused: 'DowngradeRefused',
  upgradeRefused: 'UpgradeRefused',
  notImplemented: 'NotImplemented',
  nameConflict: 'NameConflict',
  quotaExceeded: 'QuotaExceeded',
  forbidden: 'Forbidden',
  rejected: 'Rejected',
  changedBack: 'ChangedBack',
  unknownStorageClass: 'UnknownStorageClass',
  metaMissing: 'MetaMissing',
  metaCorrupt: 'MetaCorrupt',
  volumeBeingDeleted: 'VolumeBeingDeleted',
  dataLost: 'DataLost',
  backupFailed: 'BackupFailed',
  noLastBackup: 'NoLastBackup',
  restoreFailed: 'RestoreFailed',
  retentionPolicyRefused: 'RetentionPolicyRefused',
  dataLossNotAllowed: 'DataLossNotAllowed',
  continuousQueryRefused: 'ContinuousQueryRefused',
  userExists: 'UserExists',
  statementRefused: 'StatementRefused',
} as const;
export type StalledReason = (typeof STALLED_REASON)[keyof typeof STALLED_REASON];

/** Reason of Available while the database answers; otherwise it has one of those of Ready. */
export const ANSWERING = 'Answering';
/** Reason of Stalled and of Reconciling while they are False. */
export const NOT_STALLED = 'NotStalled';
export const UP_TO_DATE = 'UpToDate';

/** Reasons of Reconciling while something does not succeed; otherwise it has one of those of Ready. */
export const TROUBLE_REASON = {
  serverFailing: 'ServerFailing',
  noAnswer: 'NoAnswer',
  conflict: 'Conflict',
  throttled: 'TooManyRequests',
  refused: 'RequestRefused',
  waiting: 'Waiting',
  internal: 'InternalError',
} as const;
export type TroubleReason = (typeof TROUBLE_REASON)[keyof typeof TROUBLE_REASON];

/** Reasons of AppsCurrent: what is to be said of one bound app. */
export const APP_REASON = {
  current: 'Current',
  appMissing: 'AppMissing',
  containerMissing: 'ContainerMissing',
  variableConflict: 'VariableConflict',
  prefixTaken: 'PrefixTaken',
  aliasTaken: 'AliasTaken',
  formerKey: 'FormerKey',
  bindingContested: 'BindingContested',
  appPaused: 'AppPaused',
  rollingOut: 'RollingOut',
  restartWaiting: 'RestartWaiting',
  waveStopped: 'WaveStopped',
  refused: 'Refused',
  specRefused: 'SpecRefused',
} as const;
export type AppReason = (typeof APP_REASON)[keyof typeof APP_REASON];

/** Reasons of MaintenancePending. */
export const MAINTENANCE_REASON = {
  nothingPending: 'NothingPending',
  outsideWindow: 'OutsideWindow',
  tooLittleTimeLeft: 'TooLittleTimeLeft',
  frozen: 'Frozen',
  fleetBusy: 'FleetBusy',
  fleetStopped: 'FleetStopped',
  awaitingBackup: 'AwaitingBackup',
  blocked: 'Blocked',
  due: 'Due',
  running: 'Running',
  interrupted: 'Interrupted',
} as const;
export type MaintenanceReason = (typeof MAINTENANCE_REASON)[keyof typeof MAINTENANCE_REASON];

/** Reasons of BackupsHealthy. */
export const BACKUPS_REASON = {
  storeMissing: 'StoreMissing',
  notScheduled: 'NotScheduled',
  stopped: 'Stopped',
  backupMissing: 'BackupMissing',
  notVerified: 'NotVerified',
  notDueYet: 'NotDueYet',
  upToDate: 'UpToDate',
} as const;

/** Reasons of StorageFilling, CardinalityHigh and MemoryExhausted. */
export const LIMIT_REASON = {
  withinLimit: 'WithinLimit',
  volumeFilling: 'VolumeFilling',
  volumeFull: 'VolumeFull',
  seriesNearLimit: 'SeriesNearLimit',
  seriesOverLimit: 'SeriesOverLimit',
  outOfMemory: 'OutOfMemory',
} as const;

/** Reasons of events. */
export const EVENT_REASON = {
  provisioning: 'Provisioning',
  ready: 'DatabaseReady',
  degraded: 'DatabaseDegraded',
  blocked: 'Blocked',
  appRestarted: 'AppRestarted',
  administratorLost: 'AdministratorLost',
  certificateNotRead: 'CertificateNotRead',
  databaseRepaired: 'DatabaseRepaired',
  childRestored: 'ChildRestored',
  formerKeysRemoved: 'FormerKeysRemoved',
  externalAccess: 'ExternalAccess',
  contentsChanged: 'ContentsChanged',
  continuousQueryFound: 'ContinuousQueryFound',
  maintenanceStarted: 'MaintenanceStarted',
  maintenanceDone: 'MaintenanceDone',
  credentialsRotated: 'CredentialsRotated',
  credentialsRevoked: 'CredentialsRevoked',
  volumeGrows: 'VolumeGrows',
  logReopened: 'LogReopened',
  startedEmpty: 'StartedEmpty',
  dataLost: 'DataLost',
  stopped: 'Stopped',
  deleting: 'Deleting',
} as const;
