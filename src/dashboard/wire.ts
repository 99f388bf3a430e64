// What the server of the page and the page say to each other: plain JSON. Instants are RFC 3339, sizes are bytes.

/** Of an addon, what a line of the list shows. */
export interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly id?: string | undefined;
  readonly plan: string;
  readonly version?: string | undefined;
  /** The reason of Ready. */
  readonly status: string;
  readonly health: Health;
  /** `1/1`: apps that run with what they depend on. */
  readonly apps?: string | undefined;
  readonly lastBackup?: string | undefined;
}

/** `Bad`: nothing more happens until somebody acts, or the database does not answer. */
export type Health = 'Good' | 'Busy' | 'Bad' | 'Off';

export interface ConditionLine {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since?: string | undefined;
}

export interface UserLine {
  readonly name: string;
  /** `Read`, `Write` or `All` of the database; of one that the spec does not list, what is known of it. */
  readonly access: string;
  readonly listed: boolean;
  readonly secret?: string | undefined;
}

export interface PolicyLine {
  readonly name: string;
  readonly duration: string;
  readonly shardDuration?: string | undefined;
  readonly default: boolean;
  readonly listed: boolean;
}

/** An addon, as its own page shows it. */
export interface Detail extends Row {
  readonly uid: string;
  readonly wantedPlan: string;
  readonly wantedVersion?: string | undefined;
  readonly stopped: boolean;
  readonly paused: boolean;
  /** Of the connection, with everything in it but the password; undefined until there is one. */
  readonly maskedUrl?: string | undefined;
  readonly variables: readonly string[];
  readonly conditions: readonly ConditionLine[];
  /** Settings in words, as the command line tool has them. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly tls: 'Disabled' | 'Required';
  readonly internet: { readonly mode: string; readonly ranges: readonly string[] };
  readonly window: { readonly weekday: string; readonly startHour: number; readonly durationHours: number };
  readonly store?: string | undefined;
  readonly users: readonly UserLine[];
  readonly policies: readonly PolicyLine[];
  readonly upgrades: readonly string[];
  readonly pending: readonly string[];
}

export interface BackupLine {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly message?: string | undefined;
  readonly restorable: boolean;
  readonly size?: string | undefined;
  readonly verified?: string | undefined;
  readonly at?: string | undefined;
  readonly download: Download;
}

/** How a backup is fetched, which a browser cannot: by a command for a shell; or why it cannot be, said of `it`. */
export type Download =
  | { readonly possible: true; readonly command: string; readonly encrypted: boolean }
  | { readonly possible: false; readonly why: string };

export interface RestoreLine {
  readonly name: string;
  readonly backup: string;
  readonly status: string;
  readonly message?: string | undefined;
}

export interface EventLine {
  readonly key: string;
  readonly at: string;
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly times: number;
}

export interface PlanLine {
  readonly name: string;
  readonly class: string;
  readonly memory: string;
  readonly cpu: string;
  readonly storage: string;
  readonly lifecycle: string;
}

/** What was measured at an instant; what could not be is undefined. */
export interface Sample {
  readonly at: string;
  /** Of the container, from the metrics API of the cluster. */
  readonly memory?: number | undefined;
  /** Cores, from there too. */
  readonly cpu?: number | undefined;
  /** Of the engine's heap, from its own statistics. */
  readonly heap?: number | undefined;
  readonly data?: number | undefined;
  readonly series?: number | undefined;
  readonly pointsPerSecond?: number | undefined;
  readonly queriesPerSecond?: number | undefined;
}

/** What the plan in force allows, to hold the numbers against. */
export interface Limits {
  readonly memory: number;
  readonly cpu: number;
  readonly storage: number;
  readonly series: number;
}

/** Of the stream of an addon's numbers. */
export interface NumbersMessages {
  /** Those that were taken before, oldest first. */
  readonly past: readonly Sample[];
  readonly sample: Sample;
  readonly limits: Limits;
  /** What cannot be known, and why. */
  readonly unknown: readonly string[];
}

/** Of the list's stream: event name to data. */
export interface ListMessages {
  /** The whole list; what was told before is forgotten. */
  readonly rows: readonly Row[];
  readonly changed: { readonly rows: readonly Row[]; readonly gone: readonly string[] };
  readonly trouble: string;
}

/** Of an addon's stream. A section comes again when something in it has changed, and then whole. */
export interface AddonMessages {
  /** Null when there is no such addon (any more). */
  readonly addon: Detail | null;
  readonly story: readonly string[];
  readonly backups: readonly BackupLine[];
  readonly restores: readonly RestoreLine[];
  readonly events: readonly EventLine[];
  readonly trouble: string;
}

export interface Start {
  readonly version: string;
  /** To begin with; empty for all of them. */
  readonly namespace: string;
}

export interface Catalogue {
  readonly plans: readonly PlanLine[];
}

/** A verb of the command line tool, for the addon that the address names. */
export interface Command {
  readonly verb: string;
  /** Behind the addon's name. */
  readonly arguments?: readonly string[];
  readonly options?: Readonly<Record<string, string | boolean | readonly string[]>>;
}

export interface Outcome {
  /** What it printed, and what it noted on the way. */
  readonly said: readonly string[];
  readonly noted: readonly string[];
}

export interface Refusal {
  readonly error: string;
}

/** The key of a line of the list. */
export function keyOfRow({ namespace, name }: Pick<Row, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
