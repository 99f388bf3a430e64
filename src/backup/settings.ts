/** What the operator was told at start about backups; the same for all addons. */
export interface BackupSettings {
  /** The operator's own image, which Jobs run; undefined: no Job can be made. */
  readonly image: string | undefined;
  /** What runs beside a database that has a store; default `image`. */
  readonly agentImage?: string | undefined;
  /** Backups of different databases that are taken at once; as many others are restored for a test. */
  readonly atOnce: number;
}

export const DEFAULT_BACKUPS: BackupSettings = { image: undefined, atOnce: 10 };
