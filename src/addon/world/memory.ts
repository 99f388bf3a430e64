import type { AppStatus } from '../../api/influx-addon.ts';
import type { DatabaseState, Shard, EngineFigures, Growing } from '../../influx/state.ts';
import type { InfluxErrorKind } from '../../influx/influx-error.ts';
import type { ShownCertificate } from '../../influx/transport.ts';
import type { SeriesLevel } from '../../limits/cardinality.ts';
import type { Sample } from '../../limits/forecast.ts';
import type { StalledReason } from '../../api/reasons.ts';

/** What was learned by acting. Losing it (a restart) costs a question or a second try, never correctness. */
export interface Memory {
  readonly database: DatabaseKnowledge | undefined;
  /** How large the database is. */
  readonly measured: Measured | undefined;
  /** What most of its series are; looked for only when there are too many. */
  readonly growing: GrowingFound | undefined;
  /** Why the volume could not be asked to grow; not tried again before `untilMs`. */
  readonly growthRefused: { readonly message: string; readonly untilMs: number } | undefined;
  /** What came of changing the contents of the database. */
  readonly contents?: ContentsKnowledge | undefined;
  /** When the API server last said that there is no such claim, milliseconds since the epoch. */
  readonly claimLook?: { readonly name: string; readonly atMs: number } | undefined;
  readonly findings: readonly Finding[];
  /** Whether the API server takes what the pod that runs is to be ended for. */
  readonly dryRun?: DryRun | undefined;
  /** By `Kind/name` of a child: what was last written of it, and what of that did not last. */
  readonly repairs?: ReadonlyMap<string, Repairs>;
  /** By `Kind/name`: when it was written lately, milliseconds since the epoch, for the spec of a generation. */
  readonly writes?: ReadonlyMap<string, { readonly generation: number; readonly atMs: readonly number[] }>;
  readonly diagnosis: Diagnosis | undefined;
  readonly waiting: { readonly what: string; readonly sinceMs: number } | undefined;
  /** When an app was patched last, so that a rollout of a second or two is not reported as a state. */
  readonly appsPatchedMs: number | undefined;
  /** By `Kind/name`: entries of `status.apps[]` that are true since a patch and not stored yet. */
  readonly patchedApps: ReadonlyMap<string, AppStatus>;
  /** By `Kind/name`: the variables of an app that others wrote; looked for only before some are taken out. */
  readonly ownedEntries?: ReadonlyMap<string, OwnedEntries>;
}

export interface OwnedEntries {
  /** Of the workload, and of the state of it in which they were found. */
  readonly uid: string;
  readonly resourceVersion: string;
  /** As `container/variable`. */
  readonly entries: readonly string[];
}

/** What the database of one pod said last. */
export interface DatabaseKnowledge {
  readonly podUid: string;
  /** With which id and passwords it was asked: what was learned with others says nothing. */
  readonly credentials: string;
  readonly askedMs: number;
  /** When this pod was asked first, with these credentials; default `askedMs`. */
  readonly sinceMs?: number;
  /** Of the spec for which it was asked; absent when it was only its time. */
  readonly generation?: number | undefined;
  /** How many questions, changes and probes in a row came to nothing. */
  readonly failures: number;
  readonly answer:
    | {
        readonly ok: true;
        readonly state: DatabaseState;
        readonly login: Login;
        /** Of the application's other user, while the credentials are being changed. */
        readonly otherLogin?: Login;
        /** It took the administrator's other password, not the one in force. */
        readonly administrator?: 'Other';
        /** Of the users of `spec.users`, as each was last tried, by name. */
        readonly logins?: Readonly<Record<string, UserLogin>>;
        /** What it showed; undefined without TLS. */
        readonly certificate?: ShownCertificate | undefined;
      }
    | DatabaseFailure;
  readonly probe:
    | {
        readonly revision: string;
        readonly atMs: number;
        readonly failure: string | undefined;
        /** There was no answer at all. */
        readonly silent?: boolean;
      }
    | undefined;
}

/** How large a database is, as far as could be learned. */
export interface Measured {
  readonly podUid: string;
  readonly askedMs: number;
  /** The last answer; undefined while there was none. */
  readonly figures: EngineFigures | undefined;
  /** When that was, milliseconds since the epoch. */
  readonly figuresMs: number | undefined;
  /** Since when questions came to nothing; undefined when the last one was answered. */
  readonly silentSinceMs: number | undefined;
  /** Of the volume at that time; undefined when there was none to be seen. */
  readonly volumeBytes: number | undefined;
  /** A point could not be written, for want of space on that volume. */
  readonly full: boolean;
  /** The smallest size at which that was so since this pod is there; undefined when it never was. */
  readonly fullBytes: number | undefined;
  /** What was used of the volume, by the engine's figures. */
  readonly samples: readonly Sample[];
  /** How long the last answer took, milliseconds; undefined when it failed. */
  readonly tookMs: number | undefined;
  /** Between the last two questions, milliseconds; undefined after the first. */
  readonly gapMs: number | undefined;
}

export interface GrowingFound {
  readonly atMs: number;
  /** How bad it was then. */
  readonly level: SeriesLevel;
  /** Undefined when it could not be found out. */
  readonly found: Growing | undefined;
}

export interface UserLogin {
  readonly login: Login;
  /** Of the password that was tried. */
  readonly mark: string;
  readonly atMs: number;
}

/** What the database of one pod made of what was listed of its contents. */
export interface ContentsKnowledge {
  readonly podUid: string;
  readonly credentials: string;
  /** Statements sent a while ago and the engine's words about those it refused, by a digest of the statement. */
  readonly sent: ReadonlyMap<string, SentStatement>;
  /** Revisions of continuous queries that were made, by name. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Texts, as the engine shows them, of continuous queries that it said not to be what is recorded, by name. */
  readonly foreign?: ReadonlyMap<string, string>;
  readonly shards:
    | {
        readonly askedMs: number;
        readonly generation: number;
        readonly found: readonly Shard[] | DatabaseFailure;
      }
    | undefined;
}

export interface SentStatement {
  readonly atMs: number;
  readonly generation: number;
  /** How often in a row. */
  readonly times: number;
  readonly refusal: string | undefined;
  /** There was no answer in time to what takes long: the engine may still be at it. */
  readonly timedOut?: true;
}

/** Whether the application's user could log in with the published password. */
export type Login = 'Accepted' | 'Refused' | 'Unknown';

export interface DatabaseFailure {
  readonly ok: false;
  readonly kind: InfluxErrorKind;
  readonly message: string;
}

/** A write that was refused for a reason that trying again at once does not change. */
export interface Finding {
  /** `Kind/name` of the object that was to be written. */
  readonly target: string;
  readonly reason: StalledReason;
  readonly message: string;
  /** How often in a row it failed, where the waits grow with that. */
  readonly times?: number;
  readonly generation: number;
  /** Not tried again before, unless the spec changes; milliseconds since the epoch. */
  readonly untilMs: number;
}

/** Of one child, for as long as the same is wanted of it. */
export interface Repairs {
  /** Hash of what was wanted. */
  readonly of: string;
  /** As the API server answered: as long as it is that, nobody has changed the spec since. */
  readonly generation: number | undefined;
  /** When it was last written, milliseconds since the epoch. */
  readonly atMs: number;
  /** What was put right, by what it was. */
  readonly tries: ReadonlyMap<string, RepairTries>;
}

export interface RepairTries {
  /** How often in a row; 0 when it was wanted anew. */
  readonly times: number;
  /** When last. */
  readonly atMs: number;
  readonly paths: readonly string[];
  readonly isHarmless: boolean;
}

/** What the API server said to a change when it was only asked. */
export interface DryRun {
  /** Hash of what was asked. */
  readonly of: string;
  /** Of the spec for which it was. */
  readonly generation: number;
  /** `Unknown`: it could not say. */
  readonly verdict: 'Taken' | 'Refused' | 'Unknown';
  /** Of a refusal. */
  readonly refusal?: { readonly reason: StalledReason; readonly message: string };
  /** Since when nobody could say, or when it was said; milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Until when it counts. */
  readonly untilMs: number;
}

/** What the cluster's events say about a pod or a volume that does not come. */
export interface Diagnosis {
  readonly atMs: number;
  readonly message: string | undefined;
  readonly quota: boolean;
}

export const NO_MEMORY: Memory = {
  database: undefined,
  measured: undefined,
  growing: undefined,
  growthRefused: undefined,
  findings: [],
  diagnosis: undefined,
  waiting: undefined,
  appsPatchedMs: undefined,
  patchedApps: new Map(),
};
