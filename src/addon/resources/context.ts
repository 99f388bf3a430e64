import type { Secret, Service, PersistentVolumeClaim, StatefulSet, NetworkPolicy } from '../../kube/kinds.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/types.ts';
import type { MaintenanceSettings } from '../maintenance.ts';
import type { WaveLimits } from '../apps/waves.ts';
import type { Facts, InForce } from '../facts.ts';
import type { buildPodTemplate } from './pod-template.ts';

/** Where the operator runs and what it was told at start; the same for all addons. */
export interface Settings {
  /** Suffix of Service names, `cluster.local` unless the cluster was set up otherwise. */
  readonly clusterDomain: string;
  /** Namespace and labels of the operator's own pods, let in by network policies. */
  readonly operatorNamespace: string;
  readonly operatorPodLabels: Readonly<Record<string, string>>;
  readonly restarts: WaveLimits;
  /** The brake of the fleet; default DEFAULT_MAINTENANCE. */
  readonly maintenance?: MaintenanceSettings;
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
}

/** Everything a builder may look at. Builders have no clock, no randomness and no client. */
export interface BuildContext {
  readonly addon: Live<InfluxAddon>;
  readonly facts: Facts;
  /** The catalogue entries to run with. */
  readonly target: InForce;
  readonly children: Children;
  readonly settings: Settings;
  /** Labels that select the pods of the bound apps, for `access.policy: Bound`. */
  readonly appSelectors: readonly Readonly<Record<string, string>>[];
  /** The pod is about to be started anyway, so it is made as this operator makes it. */
  readonly renewTemplate?: boolean;
}
