import type {
  Secret,
  Service,
  PersistentVolumeClaim,
  StatefulSet,
  NetworkPolicy,
} from '../../kube/objects/kinds.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { MaintenanceSettings } from '../maintenance/settings.ts';
import type { BackupSettings } from '../../backup/settings.ts';
import type { WaveLimits } from '../apps/waves.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { Facts, InForce } from '../identity/facts.ts';
import type { ExternalEndpoint } from '../access/way-in.ts';
import type { buildPodTemplate } from '../children/pod-template.ts';
import type { Tenancy } from '../rights/role-binding.ts';

/** Where the operator runs and what it was told at start; the same for all addons. */
export interface Settings {
  /** Suffix of Service names, `cluster.local` unless the cluster was set up otherwise. */
  readonly clusterDomain: string;
  /** Namespace and labels of the operator's own pods, let in by network policies. */
  readonly operatorNamespace: string;
  readonly operatorPodLabels: Readonly<Record<string, string>>;
  readonly restarts: WaveLimits;
  /** How long former credentials work at least after new ones were published; default DEFAULT_OVERLAP_MS. */
  readonly credentialOverlapMs?: number;
  /** How it gets its rights where there are addons; absent when whoever installed it has given it all that it needs. */
  readonly tenancy?: Tenancy | undefined;
  /** The brake of the fleet; default DEFAULT_MAINTENANCE. */
  readonly maintenance?: MaintenanceSettings;
  /** How long a load balancer may take to give an address, milliseconds; default ADDRESS_DEADLINE_MS. */
  readonly externalAddressMs?: number;
  /** Between two measurements of a database that is far from its limits, milliseconds; default 10 minutes. */
  readonly measureEveryMs?: number;
  /** Default DEFAULT_BACKUPS. */
  readonly backups?: BackupSettings;
  /** How a database's pod looks. Default buildPodTemplate; another one stands for another release of the operator. */
  readonly render?: typeof buildPodTemplate;
}

/** The children as they are. */
export interface Children {
  readonly adminSecret: Live<Secret> | undefined;
  readonly urlSecret: Live<Secret> | undefined;
  readonly bindingSecret: Live<Secret> | undefined;
  readonly claim: Live<PersistentVolumeClaim> | undefined;
  readonly service: Live<Service> | undefined;
  readonly statefulSet: Live<StatefulSet> | undefined;
  readonly networkPolicy: Live<NetworkPolicy> | undefined;
  readonly tlsSecret: Live<Secret> | undefined;
  /** The certificates of the agent and of the Jobs that speak to it. */
  readonly agentSecret: Live<Secret> | undefined;
  /** The way in from outside the cluster. */
  readonly externalService: Live<Service> | undefined;
}

/** Everything a builder may look at. Builders have no clock, no randomness and no client. */
export interface BuildContext {
  readonly addon: Live<InfluxAddon>;
  readonly facts: Facts;
  /** The catalogue entries to run with. */
  readonly target: InForce;
  readonly children: Children;
  readonly settings: Settings;
  /** What select the pods of the bound apps, for `access.policy: Bound`. */
  readonly appSelectors: readonly LabelSelector[];
  /** The address ranges outside the cluster that may connect; none by default. */
  readonly outside?: readonly string[];
  /** Where the database is reached from outside; undefined where it is not. */
  readonly external?: ExternalEndpoint | undefined;
  /** The volume is filling and is asked to grow now. */
  readonly growTo?: { readonly size: string; readonly at: Date };
  /** Name of the backup that the volume was filled from when it was new. */
  readonly restoredFrom?: string | undefined;
  /** The loss for which the volume is made anew, and empty. */
  readonly startedEmpty?: string | undefined;
  /** The pod is about to be started anyway, so it is made as this operator makes it. */
  readonly renewTemplate?: boolean;
}
