import type { Settings, ExternalEndpoint } from '../world/settings.ts';
import { type Children } from '../world/children.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';

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
  /** Keys that the Secret for apps has beside the wanted ones, and since when; none by default. */
  readonly formerKeys?: Readonly<Record<string, string>>;
  /** The volume is filling and is asked to grow now. */
  readonly growTo?: { readonly size: string; readonly at: Date };
  /** The growth that a plan of before asked for, and that never came, is given up. */
  readonly lowerTo?: string;
  /** Name of the backup that the volume was filled from when it was new. */
  readonly restoredFrom?: string | undefined;
  /** The storage class for which a claim without a volume is made again. */
  readonly madeAgainFor?: string;
  /** The loss for which the volume is made anew, and empty. */
  readonly startedEmpty?: string | undefined;
  /** The Service leads to the database whatever becomes of what others have put into its pod. */
  readonly pastOthers?: boolean;
  /** The pod is about to be started anyway, so it is made as this operator makes it. */
  readonly renewTemplate?: boolean;
}
