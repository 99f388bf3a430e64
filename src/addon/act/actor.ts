import type { InfluxTransport } from '../../influx/transport.ts';
import type { KubeClient } from '../../kube/api/client.ts';
import type { Clock } from '../../kube/clock.ts';
import type { WarningEvents } from '../../kube/warning-events.ts';
import type { Memories } from '../observe/memories.ts';
import type { Settings } from '../world/settings.ts';
import { type Stores } from '../observe/stores.ts';

/** The outside worlds, one funnel each. */
export interface Actor {
  readonly client: KubeClient;
  readonly influx: InfluxTransport;
  readonly stores: Stores;
  readonly memories: Memories;
  readonly clock: Clock;
  readonly warnings: Pick<WarningEvents, 'newest'>;
  readonly settings: Settings;
}

/**
 * `done`: go on with the list. `surprised`: there is something that the decision did not see; decide again at once.
 * `refused`: a finding tells why, and what comes behind it in the list may build on it.
 * `wait`: something of ours is on its way out; look again in a moment.
 */
export type Outcome =
  | { readonly result: 'done' }
  | { readonly result: 'surprised' }
  | { readonly result: 'refused' }
  | { readonly result: 'wait'; readonly ms: number };

export const DONE: Outcome = { result: 'done' };

export const SURPRISED: Outcome = { result: 'surprised' };

export const REFUSED: Outcome = { result: 'refused' };
