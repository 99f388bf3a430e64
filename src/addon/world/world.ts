import { type Memory } from './memory.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { InfluxPlan } from '../../api/influx-plan.ts';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import type { PersistentVolumeClaim, Pod, Secret, RoleBinding } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { PlanOffer } from '../../limits/next-plan.ts';
import type { FleetPlace } from '../../maintenance/fleet.ts';
import type { CatalogueVersion } from '../../versions/rules.ts';
import type { Settings } from './settings.ts';
import type { Children } from './children.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { DaemonSet, Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';

/** All that a decision about one addon may look at. Nothing in it is asked for while deciding. */
export interface World {
  readonly addon: Live<InfluxAddon>;
  readonly namespaceTerminating: boolean;
  readonly plan: Live<InfluxPlan> | undefined;
  readonly planNames: readonly string[];
  /** Storage of each of them, a quantity. */
  readonly planSizes: ReadonlyMap<string, string>;
  /** The catalogue, as far as it can help a database that comes near a limit. */
  readonly planOffers: readonly PlanOffer[];
  readonly versions: readonly (CatalogueVersion & { readonly image: string })[];
  readonly access: Access;
  readonly children: Children;
  readonly pod: Live<Pod> | undefined;
  /** The volume claim that the pod mounts: for a moment another than the one in force. */
  readonly mountedClaim?: Live<PersistentVolumeClaim> | undefined;
  /** Names of the cluster's storage classes, whether one of them is the default, and those whose volumes can grow. */
  readonly storageClasses: {
    readonly names: readonly string[];
    readonly hasDefault: boolean;
    readonly expandable?: readonly string[];
  };
  /** By `Kind/name`: the workloads that spec or status name. */
  readonly apps: ReadonlyMap<string, Live<Workload>>;
  /** By `Kind/name` of an app: the other addons of the namespace that name it, or have it bound. */
  readonly rivals?: ReadonlyMap<string, readonly string[]>;
  /** The operator's authority; undefined in the first moments of the first operator. */
  readonly trust: Trust | undefined;
  /** Who else is in maintenance or waits for it. */
  readonly fleet: FleetPlace;
  /** The Secret that `spec.tls.certificateRef` names; undefined when it names none. */
  readonly ownCertificate?: Live<Secret> | 'Missing' | 'Unknown' | undefined;
  /** Addresses by name of node, the preferred one first; only while the spec asks for a port of the nodes. */
  readonly nodeAddresses?: ReadonlyMap<string, readonly string[]> | undefined;
  readonly backups: AddonBackups;
  /** All that name the addon. */
  readonly restores: readonly Live<InfluxRestore>[];
  /** Claims that restores have brought or left, beside the one in force; only while the addon is being deleted. */
  readonly otherClaims?: readonly Live<PersistentVolumeClaim>[];
  /** Secrets of users, of those whom the spec lists and of those whom it did, by the user's name. */
  readonly userSecrets?: ReadonlyMap<string, Live<Secret>>;
  readonly memory: Memory;
  readonly settings: Settings;
}

/** What the databases' certificates are made with and checked against. */
export interface Trust {
  readonly signing: { readonly certPem: string; readonly keyPem: string };
  readonly signingId: string;
  readonly trustedIds: readonly string[];
  /** The same, the oldest first. */
  readonly ages: readonly string[];
  /** All trusted certificates, the signing one's first: `ca.crt` of every addon. */
  readonly bundlePem: string;
  /** Changes when apps have to learn of another authority. */
  readonly revision: string;
  /** End of the signing authority, RFC 3339. */
  readonly notAfter: string;
}

/** What the operator may see and do in the namespace of an addon. */
export interface Access {
  /** The RoleBinding made for the addon; undefined where there is none, or where none is needed. */
  readonly binding: Live<RoleBinding> | undefined;
  /** The Secrets of the namespace are known: one that is not among the children is not there. */
  readonly known: boolean;
}

/** What an addon looks at of its backups. */
export interface AddonBackups {
  /** All that name the addon, of its database or of one before it. */
  readonly all: readonly Backup[];
  /** Whether the InfluxBackupStore that the spec names is there. */
  readonly storeExists: boolean;
}

export type Backup = Live<InfluxBackup>;

export type Workload = Deployment | StatefulSet | DaemonSet;
