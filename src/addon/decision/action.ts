import type { ContentsStep } from '../../contents/step.ts';
import type { DatabaseStep } from '../../influx/state.ts';
import type { InfluxTls } from '../../influx/transport.ts';
import type { Kind, PersistentVolumeClaim, Pod, Secret } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live, ObjectKey } from '../../kube/objects/types.ts';
import type { SeriesLevel } from '../../limits/cardinality.ts';
import type { Trust } from '../world/world.ts';
import type { Rotation } from '../world/facts.ts';
import type { AppStatus, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { type ServerNames } from '../../tls/names.ts';

/** One thing to do. The list of a decision is done in order, and stops at the first that fails. */
export type Action =
  | CreateAction
  | ReplaceAction
  | PatchAction
  | DeleteAction
  | {
      readonly do: 'askDatabase';
      readonly access: DatabaseAccess;
      /** Of the spec for which it has to be known anew. */
      readonly generation?: number;
    }
  | {
      readonly do: 'changeDatabase';
      readonly access: DatabaseAccess;
      readonly steps: readonly DatabaseStep[];
    }
  | {
      readonly do: 'changeContents';
      readonly access: DatabaseAccess;
      readonly steps: readonly ContentsStep[];
      /** Of the spec that asks for it. */
      readonly generation: number;
    }
  | { readonly do: 'measureShards'; readonly access: DatabaseAccess; readonly generation: number }
  | { readonly do: 'probeDatabase'; readonly access: DatabaseAccess; readonly revision: string }
  | MeasureDatabaseAction
  | { readonly do: 'findGrowing'; readonly access: DatabaseAccess; readonly level: SeriesLevel }
  | GrowVolumeAction
  | FindClaimAction
  | FindOwnersAction
  | DryRunAction
  | IssueCertificateAction
  | IssueAgentPairAction
  | { readonly do: 'diagnose'; readonly names: readonly string[] };

/** Of a write that makes a child as it is wanted: what it puts right, so that it is known when that does not last. */
export interface Repair {
  /** Hash of what is wanted. */
  readonly of: string;
  readonly paths: readonly string[];
  readonly endsPod: boolean;
  /** What is asked for is in force without it. */
  readonly isHarmless: boolean;
  /** How often in a row, this time included; 0 when it is wanted anew. */
  readonly times: number;
  /** What it is known by, where not by `Kind/name`. */
  readonly about?: string;
}

/** POST; a name that is taken is looked at: ours (go on), of an addon that is going (wait), foreign (NameConflict). */
export interface CreateAction {
  readonly do: 'create';
  readonly kind: Kind<KubeObject>;
  readonly object: KubeObject;
  readonly repair?: Repair;
  /** It may let somebody in: not by an old view of the addon, in which that was not taken back yet. Default false. */
  readonly opens?: boolean;
  /** Not begun before all that stands before it is there. Default false: it may be made beside what nobody starts from. */
  readonly behind?: boolean;
}

export interface MeasureDatabaseAction {
  readonly do: 'measureDatabase';
  readonly access: DatabaseAccess;
  /** Of the volume; kept with the answer. */
  readonly volumeBytes: number | undefined;
}

/** PUT of the volume claim with a larger size, or with less than was asked for in vain. A refusal is told with the volume, and does not stop anything else. */
export interface GrowVolumeAction {
  readonly do: 'growVolume';
  readonly kind: Kind<PersistentVolumeClaim>;
  readonly object: PersistentVolumeClaim;
}

/** GET of a volume claim that the cache does not see; one that is the addon's is made visible. */
export interface FindClaimAction {
  readonly do: 'findClaim';
  readonly kind: Kind<PersistentVolumeClaim>;
  readonly key: ObjectKey;
  /** Of the database: a claim that names it is the addon's, whoever made it. */
  readonly id: string;
}

/**
 * GET of an app from which variables are to be taken: the cache does not know who wrote them, and one that the owner
 * wrote himself stays.
 */
export interface FindOwnersAction {
  readonly do: 'findOwners';
  readonly kind: Kind<KubeObject>;
  readonly key: ObjectKey;
}

/**
 * POSTs and PUTs that store nothing: whether the API server would take what is about to be made of a database that runs.
 * The first refusal ends them; see {@link DryRun} for what is kept of the answers.
 */
export interface DryRunAction {
  readonly do: 'dryRun';
  /** Hash of what is asked. */
  readonly of: string;
  readonly writes: readonly {
    readonly verb: 'create' | 'replace';
    readonly kind: Kind<KubeObject>;
    readonly object: KubeObject;
  }[];
  /** Whose place the new pod takes: its share of a quota is free by then. Undefined when there is none now. */
  readonly leaving: Live<Pod> | undefined;
}

/** PUT with uid and resourceVersion. */
export interface ReplaceAction {
  readonly do: 'replace';
  readonly kind: Kind<KubeObject>;
  readonly object: KubeObject;
  /** The path that differed, for the log. */
  readonly why: string;
  readonly repair?: Repair;
  /** As for a creation. */
  readonly opens?: boolean;
  /**
   * The Secret that the object is made to agree with, as it was seen. No write has a precondition on another object, and
   * an old view of that one would take the object back to what was in force before: it is looked at just before.
   */
  readonly follows?: Live<Secret>;
  readonly over?: Over;
}

/**
 * The volume claim of the pod that this ends. Not done when the API server itself says that somebody has deleted the
 * claim meanwhile: with the pod the data would go.
 */
type Over = Live<PersistentVolumeClaim>;

/** New certificates for the agent and the Jobs that speak to it. */
export interface IssueAgentPairAction {
  readonly do: 'issueAgentPair';
  /** The Secret without its content. */
  readonly object: Secret;
  readonly live: Live<Secret> | undefined;
}

export interface PatchAction {
  readonly do: 'patch';
  readonly kind: Kind<KubeObject>;
  readonly key: ObjectKey;
  readonly type: 'merge' | 'strategic';
  readonly body: object;
  readonly why: string;
  /** Of an app: what `status.apps[]` says of it once this is written. */
  readonly entry?: AppStatus;
}

export interface DeleteAction {
  readonly do: 'delete';
  readonly kind: Kind<KubeObject>;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly why: string;
  readonly over?: Over;
  /** The Secret that holds what this takes away, as it was seen: it is looked at just before. */
  readonly follows?: Live<Secret>;
  /** A refusal is kept as a finding, for which the rest does not wait. Otherwise it fails the run. */
  readonly mayBeRefused?: true;
}

/** A new certificate into the addon's TLS Secret, or the present one beside other authorities. */
export interface IssueCertificateAction {
  readonly do: 'issueCertificate';
  /** The Secret without its content. */
  readonly object: Secret;
  readonly live: Live<Secret> | undefined;
  readonly trust: Trust;
  readonly need: CertificateNeed;
}

/** How to reach the database and as whom. Never logged. */
export interface DatabaseAccess {
  readonly podUid: string;
  /** Of the engine in force, which decides how it is spoken to. */
  readonly version: string;
  /** Mark of the id and passwords below. */
  readonly credentials: string;
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly adminPassword: string;
  /** While all of these are being changed: the others that are, or may be, accepted too. */
  readonly rotation?: Rotation | undefined;
  /** Passwords of the users of `spec.users`, by name. */
  readonly users?: Readonly<Record<string, string>>;
  /** Its users are to read and not to write. */
  readonly readOnly?: boolean;
  readonly tls: InfluxTls | undefined;
}

/** Something to tell the user, once the status that goes with it is stored. */
export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

export interface Decision {
  readonly actions: readonly Action[];
  /** The status that is true now; undefined when there is nothing to write it to or nothing to say. */
  readonly status: InfluxAddonStatus | undefined;
  readonly events: readonly Announcement[];
  /** Look again after so many milliseconds even if nothing happens. */
  readonly requeueAfterMs: number | undefined;
  /** What is being waited for, so that the wait can be timed. */
  readonly waitingFor: string | undefined;
}

/** What is wrong with an addon's certificate, and what a good one has to be for. */
export interface CertificateNeed {
  readonly names: ServerNames;
  readonly why: string;
  /** Certificate and key stay; only the authorities beside them are out of date. */
  readonly keepLeaf: boolean;
}
