import type { DatabaseStep } from '../influx/database.ts';
import type { InfluxTls } from '../influx/transport.ts';
import type { Kind, Secret } from '../kube/kinds.ts';
import type { KubeObject, Live, ObjectKey } from '../kube/types.ts';
import type { Trust } from './authority/authorities.ts';
import type { CertificateNeed } from './certificate.ts';
import type { AppStatus, InfluxAddonStatus } from '../api/influx-addon.ts';

/** One thing to do. The list of a decision is done in order, and stops at the first that fails. */
export type Action =
  | CreateAction
  | ReplaceAction
  | PatchAction
  | DeleteAction
  | { readonly do: 'askDatabase'; readonly access: DatabaseAccess }
  | {
      readonly do: 'changeDatabase';
      readonly access: DatabaseAccess;
      readonly steps: readonly DatabaseStep[];
    }
  | { readonly do: 'probeDatabase'; readonly access: DatabaseAccess; readonly revision: string }
  | { readonly do: 'measureDatabase'; readonly access: DatabaseAccess }
  | IssueCertificateAction
  | { readonly do: 'diagnose'; readonly names: readonly string[] };

/** POST; a name that is taken is looked at: ours (go on), of an addon that is going (wait), foreign (NameConflict). */
export interface CreateAction {
  readonly do: 'create';
  readonly kind: Kind<KubeObject>;
  readonly object: KubeObject;
}

/** PUT with uid and resourceVersion. */
export interface ReplaceAction {
  readonly do: 'replace';
  readonly kind: Kind<KubeObject>;
  readonly object: KubeObject;
  /** The path that differed, for the log. */
  readonly why: string;
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
  /** Mark of the id and passwords below. */
  readonly credentials: string;
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly password: string;
  readonly adminPassword: string;
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

/** For logs: what is done to which object, and never with what. */
export function describe(action: Action): string {
  switch (action.do) {
    case 'create':
      return `create ${action.kind.kind} ${action.object.metadata?.name}`;
    case 'replace':
      return `replace ${action.kind.kind} ${action.object.metadata?.name} (${action.why})`;
    case 'patch':
      return `patch ${action.kind.kind} ${action.key.name} (${action.why})`;
    case 'delete':
      return `delete ${action.kind.kind} ${action.key.name} (${action.why})`;
    case 'askDatabase':
      return 'ask the database';
    case 'changeDatabase':
      return `change the database: ${action.steps.map((step) => step.what).join(', ')}`;
    case 'probeDatabase':
      return 'write and read a probe point';
    case 'measureDatabase':
      return 'ask the database for its size';
    case 'issueCertificate':
      return `make a certificate (${action.need.why})`;
    case 'diagnose':
      return `read events about ${action.names.join(', ')}`;
  }
}
