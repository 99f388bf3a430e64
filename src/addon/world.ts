import type { AppStatus, InfluxAddon } from '../api/influx-addon.ts';
import type { InfluxPlan } from '../api/influx-plan.ts';
import type { DatabaseState } from '../influx/database.ts';
import type { InfluxErrorKind } from '../influx/influx-error.ts';
import type { ShownCertificate } from '../influx/transport.ts';
import type { Pod, Secret } from '../kube/kinds.ts';
import type { Live } from '../kube/types.ts';
import type { CatalogueVersion } from '../versions/rules.ts';
import type { Trust } from './authority/authorities.ts';
import type { Workload } from './apps/view.ts';
import type { StalledReason } from './reasons.ts';
import type { Children, Settings } from './resources/context.ts';

/** All that a decision about one addon may look at. Nothing in it is asked for while deciding. */
export interface World {
  readonly addon: Live<InfluxAddon>;
  readonly namespaceTerminating: boolean;
  readonly plan: Live<InfluxPlan> | undefined;
  readonly planNames: readonly string[];
  /** Storage of each of them, a quantity. */
  readonly planSizes: ReadonlyMap<string, string>;
  readonly versions: readonly (CatalogueVersion & { readonly image: string })[];
  readonly children: Children;
  readonly pod: Live<Pod> | undefined;
  /** Names of the cluster's storage classes, and whether one of them is the default. */
  readonly storageClasses: { readonly names: readonly string[]; readonly hasDefault: boolean };
  /** By `Kind/name`: the workloads that spec or status name. */
  readonly apps: ReadonlyMap<string, Live<Workload>>;
  /** The operator's authority; undefined in the first moments of the first operator. */
  readonly trust: Trust | undefined;
  /** All addons, as far as maintenance of this one depends on theirs; none while nothing of it waits. */
  readonly fleet: readonly Live<InfluxAddon>[];
  /** The Secret that `spec.tls.certificateRef` names; undefined when it names none. */
  readonly ownCertificate?: Live<Secret> | 'Missing' | 'Unknown' | undefined;
  readonly memory: Memory;
  readonly settings: Settings;
}

/** What was learned by acting. Losing it (a restart) costs a question or a second try, never correctness. */
export interface Memory {
  readonly database: DatabaseKnowledge | undefined;
  /** Of the database's data; learned only when a plan is asked for that may be too small. */
  readonly dataSize: DataSize | undefined;
  readonly findings: readonly Finding[];
  readonly diagnosis: Diagnosis | undefined;
  readonly waiting: { readonly what: string; readonly sinceMs: number } | undefined;
  /** When an app was patched last, so that a rollout of a second or two is not reported as a state. */
  readonly appsPatchedMs: number | undefined;
  /** By `Kind/name`: entries of `status.apps[]` that are true since a patch and not stored yet. */
  readonly patchedApps: ReadonlyMap<string, AppStatus>;
  /** When its maintenance began, RFC 3339, while that is on its way into status: it counts from the first moment. */
  readonly beginning: string | undefined;
}

/** What the database of one pod said last. */
export interface DatabaseKnowledge {
  readonly podUid: string;
  /** With which id and passwords it was asked: what was learned with others says nothing. */
  readonly credentials: string;
  readonly askedMs: number;
  /** How many questions, changes and probes in a row came to nothing. */
  readonly failures: number;
  readonly answer:
    | {
        readonly ok: true;
        readonly state: DatabaseState;
        readonly login: Login;
        /** What it showed; undefined without TLS. */
        readonly certificate?: ShownCertificate | undefined;
      }
    | DatabaseFailure;
  readonly probe:
    | { readonly revision: string; readonly atMs: number; readonly failure: string | undefined }
    | undefined;
}

/** How much data there is, as far as could be learned. */
export interface DataSize {
  readonly podUid: string;
  readonly askedMs: number;
  /** The last answer; undefined while there was none. */
  readonly bytes: number | undefined;
  /** Since when questions came to nothing; undefined when the last one was answered. */
  readonly silentSinceMs: number | undefined;
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
  readonly generation: number;
  /** Not tried again before, unless the spec changes; milliseconds since the epoch. */
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
  dataSize: undefined,
  findings: [],
  diagnosis: undefined,
  waiting: undefined,
  appsPatchedMs: undefined,
  patchedApps: new Map(),
  beginning: undefined,
};
