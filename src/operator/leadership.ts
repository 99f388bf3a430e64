import type { KubeClient } from '../kube/api/client.ts';
import type { Clock } from '../kube/clock.ts';
import { LeaderElection } from '../kube/lease/leader-election.ts';
import { silentLogger, type Logger } from '../kube/log.ts';
import { OptionalElection } from '../kube/lease/optional-election.ts';
import { SoleLeader } from '../kube/lease/sole-leader.ts';

/** Shared by the replicas of one installation, in its own namespace, by every release. */
export const OWN_LEASE = 'influxaddon-operator';
/** Shared by all installations that operate the same namespaces. */
export const LOCK_LEASE = 'influxaddon-operator-lock';

/** For whom this process waits: `replica` of its own installation, or another `installation`. */
export type Because = 'replica' | 'installation';

export interface LeadershipOptions {
  /** With a Transport of its own. */
  readonly client: KubeClient;
  /** Its own. */
  readonly namespace: string;
  readonly lockNamespace: string;
  readonly installation: string;
  readonly identity: string;
  /** How long others wait for us to renew. Whole seconds. */
  readonly leaseMs: number;
  /** `holder`: undefined once nobody is waited for. */
  readonly onWaiting?: (because: Because, holder: string | undefined) => void;
  /** The lock is forbidden, so that other installations are not noticed. */
  readonly onWithoutLock?: (without: boolean) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Logger;
}

/** Who may lead: one process of all installations that operate the same namespaces. */
export function leadershipOf(options: LeadershipOptions): SoleLeader {
  const { namespace, lockNamespace, installation, identity, leaseMs, log = silentLogger } = options;
  const common = {
    ...options,
    log,
    renewDeadlineMs: Math.floor((leaseMs * 2) / 3),
    retryMs: Math.floor((leaseMs * 2) / 15),
  };
  const own = new LeaderElection({
    ...common,
    name: OWN_LEASE,
    onWaiting: (holder) => {
      if (holder !== undefined) log.info({ holder }, 'standby: another replica leads');
      options.onWaiting?.('replica', holder);
    },
  });
  const lock = new OptionalElection({
    ...common,
    namespace: lockNamespace,
    name: LOCK_LEASE,
    identity: `${namespace}/${installation}/${identity}`,
    // Whoever of our own namespace held it leads no more, since we hold the Lease there: no second wait after a crash.
    mayTakeFrom: (holder) => own.isLeader && holder.startsWith(`${namespace}/`),
    onWaiting: (holder) => {
      if (holder !== undefined)
        log.warn({ holder }, 'stays idle: another installation operates the same namespaces');
      options.onWaiting?.('installation', holder);
    },
    onWithout: (without) => options.onWithoutLock?.(without),
  });
  return new SoleLeader(own, lock);
}
