import { stateOf } from '../../api/addon-defaults.ts';
import type { AppStatus, InfluxAddonStatus } from '../../api/influx-addon.ts';
import { READY_REASON, type ReadyReason } from '../../api/reasons.ts';
import type { Facts, InForce } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import type { Refusal } from './resolution.ts';

/** What a pass found to be true of an addon; status is made of it, in one place. */
export interface Picture {
  readonly ready: { readonly status: boolean; readonly reason: ReadyReason; readonly message: string };
  readonly available: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** Work goes on, or something is waited for that comes by itself. */
  readonly reconciling: boolean;
  readonly refusal: Refusal | undefined;
  readonly notImplemented: readonly string[];
  readonly facts: Facts | undefined;
  /** What the database is known to run with; undefined leaves what status said. */
  readonly inForce: InForce | undefined;
  /** It is in force but for its volume: until that is there, status goes on naming the plan of before. */
  readonly growing?: boolean;
  readonly state: 'Running' | 'Stopped' | undefined;
  readonly dataPlane: InfluxAddonStatus['dataPlane'];
  /** Undefined leaves status.apps as it was: the apps were not looked at. */
  readonly apps: readonly AppPicture[] | undefined;
  /** What is told of an app, though they were not looked at. */
  readonly appTrouble?: Pick<AppPicture, 'reason' | 'message'>;
  /** Undefined leaves what status says of the contents of the database. */
  readonly contents?:
    | Pick<InfluxAddonStatus, 'retentionPolicies' | 'continuousQueries' | 'users'>
    | undefined;
  /** Undefined leaves what status says: what the platform wants is looked at only of a database that answers. */
  readonly maintenance?: MaintenancePicture;
  /** What is to be remembered of the spec, when it was found to be one that can be followed. */
  readonly accepted?: InfluxAddonStatus['accepted'];
  /** UID of the restore for which the database was seen to refuse writes. */
  readonly writesStopped?: string | undefined;
}

/** What is known of all of it in the middle of the story; the rest says how the database is. */
export type BasePicture = Omit<Picture, 'ready' | 'available' | 'state' | 'dataPlane'>;

export interface AppPicture {
  /** For `status.apps[]`; undefined when there is nothing to remember. */
  readonly entry: AppStatus | undefined;
  readonly reason: string;
  /** For people; empty when there is nothing to say. */
  readonly message: string;
  /** It runs with what it depends on. */
  readonly current: boolean;
}

export interface MaintenancePicture {
  readonly status: NonNullable<InfluxAddonStatus['maintenance']>;
  readonly lastHandled: InfluxAddonStatus['lastHandled'];
  readonly condition: { readonly status: boolean; readonly reason: string; readonly message: string };
}

/** A pass that only says why nothing is done: all that status tells of the database stays as it was. */
export const NOTHING_NEW: Omit<Picture, 'ready' | 'available'> = {
  reconciling: false,
  refusal: undefined,
  notImplemented: [],
  facts: undefined,
  inForce: undefined,
  state: undefined,
  dataPlane: undefined,
  apps: undefined,
};

/** The picture of an addon that a spec keeps from running: nothing is known but why. */
export function blockedPicture(
  world: World,
  refusal: Refusal,
  facts: Facts | undefined,
  notImplemented: readonly string[],
): Picture {
  return {
    ...NOTHING_NEW,
    ready: { status: false, reason: READY_REASON.blocked, message: refusal.message },
    available: {
      status: false,
      reason: stateOf(world.addon) === 'Stopped' ? READY_REASON.stopped : READY_REASON.blocked,
      message: 'there is no database yet',
    },
    refusal,
    notImplemented,
    facts,
  };
}
