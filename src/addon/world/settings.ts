import type { MaintenanceSettings } from '../../maintenance/settings.ts';
import type { BackupSettings } from '../../backup/settings.ts';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { InForce } from './facts.ts';

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
  readonly render?: (of: { readonly addon: Live<InfluxAddon>; readonly target: InForce }) => PodTemplateSpec;
}

export interface ExternalEndpoint {
  readonly host: string;
  readonly port: number;
}

/** How the operator gets its rights in a namespace: it binds one role, and no other, to itself, for each addon. */
export interface Tenancy {
  /** The ClusterRole with everything it may do in a namespace that has an addon. */
  readonly role: string;
  /** The operator's own user name, `system:serviceaccount:<namespace>:<name>` or any other. */
  readonly username: string;
}

/** How many apps of one addon are restarted at once, and how long they may take. */
export interface WaveLimits {
  /** At least 1. */
  readonly atOnce: number;
  /** An app that is not rolled out so long after its restart is taken for one that does not come up. */
  readonly deadlineMs: number;
}
