import { KubeClient } from '../../kube/api/client.ts';
import type { SoleLeader } from '../../kube/lease/sole-leader.ts';
import type { FakeApi } from '../../kube/testing/fake-api.ts';
import { type Fault, FakeTransport } from '../../kube/testing/fake-transport.ts';
import type { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import { LOCK_LEASE, leadershipOf } from '../leadership.ts';

export const LEASE_MS = 15_000;
export const LOCK = { namespace: 'kube-system', name: LOCK_LEASE };

export interface Candidate {
  readonly leader: SoleLeader;
  leads: boolean;
  without: boolean;
  lostBy: unknown;
  readonly told: string[];
  fault: (path: string) => Fault | undefined;
  stop(): void;
  ended: Promise<void>;
}

/** Stands for election once; `forever`: anew after each loss, as a process does that is restarted. */
export function candidate(
  api: FakeApi,
  namespace: string,
  identity: string,
  its: VirtualClock,
  lockNamespace = LOCK.namespace,
  fault: Candidate['fault'] = () => undefined,
  forever = false,
): Candidate {
  const transport = new FakeTransport(api);
  const told: string[] = [];
  const leader = leadershipOf({
    client: clientOf(transport),
    namespace,
    lockNamespace,
    installation: 'release',
    identity,
    leaseMs: LEASE_MS,
    onWaiting: (because, holder) => told.push(`${because} ${holder}`),
    onWithoutLock: (without) => (one.without = without),
    clock: its,
    random: () => 0,
  });
  const stop = new AbortController();
  const one: Candidate = {
    leader,
    leads: false,
    without: false,
    lostBy: undefined,
    told,
    fault,
    stop: () => stop.abort(),
    ended: Promise.resolve(),
  };
  transport.fault = ({ path }) => one.fault(path);
  const work = async (signal: AbortSignal): Promise<void> => {
    one.leads = true;
    await aborted(signal);
    one.leads = false;
  };
  const stand = async (): Promise<void> => {
    while (!stop.signal.aborted && one.lostBy === undefined)
      await leader.run(stop.signal, work).catch((reason) => (one.lostBy = reason));
  };
  const again = async (): Promise<void> => {
    while (!stop.signal.aborted) await stand().then(() => (one.lostBy = undefined));
  };
  one.ended = forever ? again() : stand();
  return one;
}

export function clientOf(transport: FakeTransport): KubeClient {
  return new KubeClient(transport, { fieldManager: 'test' });
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}
