import type { InfluxPlanSpec } from '../../api/influx-plan.ts';
import type { ContentsRecord } from '../../contents/record.ts';

/** The catalogue's entries that the database runs with; kept so that a deleted or edited entry changes nothing by itself. */
export interface InForce {
  readonly plan: { readonly name: string; readonly spec: InfluxPlanSpec };
  readonly version: { readonly name: string; readonly image: string };
  /** The volume claim, when a restore has brought another than the addon's first. */
  readonly claim?: string;
  /** Absent for a database that listens without TLS. */
  readonly tls?: 'Required';
  /** The Secret of the user's own certificate, and a hash of whom clients have to trust; absent for the operator's. */
  readonly certificate?: { readonly name: string; readonly trust: string };
  /**
   * What the certificate was made for that the database started with, beside the names inside the cluster: host names,
   * and a mark for the addresses of the Service outside. Absent when it was never reached from there.
   */
  readonly external?: readonly string[];
  /** What forwards backups, beside a database that has a store. */
  readonly agent?: { readonly image: string };
  /** The newest of the operator's authorities that apps were told of with a restart; absent where none is used. */
  readonly authority?: string;
  /** Of what apps depend on; absent in a record of an operator that did not count. */
  readonly apps?: AppChanges;
  /** What the platform wants was last taken in by the maintenance that began then (`status.maintenance.startedAt`). */
  readonly maintainedAt?: string;
  /** The last of those that restarts the database whatever its template says; RFC 3339, like the above. */
  readonly restartedAt?: string;
  /** The last token of `influxaddon.dev/restart` for which the database was restarted, or is to be. */
  readonly restartedFor?: string;
}

/** What must outlive the addon object: made once, kept in the admin Secret, repeated on the claim. */
export interface Facts {
  /** The database's name, and the first of the two that the application's user has in turn. */
  readonly id: string;
  /** The application's user. */
  readonly username: string;
  readonly password: string;
  readonly adminPassword: string;
  /** The newest engine version that may have opened the data. */
  readonly openedBy: string | undefined;
  readonly inForce: InForce | undefined;
  /** The password is newer than the data: Secrets for apps are made only once the database took it. */
  readonly passwordUnproven: boolean;
  /** All credentials are being changed. */
  readonly rotation?: Rotation;
  /** The token for which they were changed last, or are being changed. */
  readonly rotatedFor?: string;
  /** Marks of the logins before these, with spaces between: a Secret that still holds one is behind, not right. */
  readonly retired?: string;
  /** What was taken charge of inside the database; absent where nobody looked for it. */
  readonly contents?: ContentsFacts;
}

export interface ContentsFacts {
  readonly record: ContentsRecord;
  /** Of the users of `spec.users` and of those who were, until they are seen to be gone; by name. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** How often what apps depend on was changed: what comes back a second time is another change, and restarts them again. */
export interface AppChanges {
  readonly change: number;
  /** Hash of what they depend on. */
  readonly content: string;
  /** What they depended on before; only while no app can have been restarted for the above. */
  readonly before?: Omit<AppChanges, 'before'>;
}

/**
 * A change of all credentials that is under way, as the admin Secret keeps it. Whatever crashes, the database accepts
 * the published login, and every password that it accepts is kept here or beside it:
 * Preparing: `username` is made, with a password that is published nowhere yet, and the administrator gets its new one.
 * Overlapping: `username` is the former login. The new one is published, and apps are restarted with it.
 * Revoking: nobody needs the former login any more, it is dropped.
 */
export interface Rotation {
  readonly phase: 'Preparing' | 'Overlapping' | 'Revoking';
  /** When the phase began, RFC 3339. */
  readonly since: string;
  /** The application's other user. */
  readonly username: string;
  /** Unknown when every copy was lost: then it goes on working, and cannot be repaired. */
  readonly password?: string;
  /** The administrator's other password. */
  readonly adminPassword?: string;
  /** The other passwords of the users of `spec.users`, by their names there. */
  readonly users?: Readonly<Record<string, string>>;
  /** When the apps that are there had followed, RFC 3339: known beside one that is missing, where no condition tells. */
  readonly followedAt?: string;
}
