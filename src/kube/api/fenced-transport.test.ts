import { expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import { FencedTransport } from './fenced-transport.ts';
import { ConfigMap } from '../objects/kinds.ts';
import { LeaderElection } from '../lease/leader-election.ts';
import { FakeApi } from '../testing/fake-api.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';

test('a leader that was blocked in the middle of its work writes nothing once another has led', async () => {
  const api = new FakeApi();
  const stop = new AbortController();
  const process = (identity: string) => {
    const clock = new VirtualClock();
    const leases = new KubeClient(new FakeTransport(api), { fieldManager: identity });
    const election = new LeaderElection({ client: leases, namespace: 'n', name: 'l', identity, clock });
    const fenced = new FencedTransport(new FakeTransport(api), () => election.isLeader);
    const client = new KubeClient(fenced, { fieldManager: identity });
    const write = (name: string) => client.create(ConfigMap, { metadata: { namespace: 'n', name } });
    return { clock, election, client, write };
  };
  const [old, next] = [process('old'), process('next')];
  let late: Promise<unknown> = Promise.resolve();
  const oldRun = old.election.run(stop.signal, async () => {
    await old.write('before');
    // The loop is blocked here; what comes next runs before the timers that fell due meanwhile.
    await new Promise<void>((resolve) => old.clock.after(1, resolve));
    late = old.write('late').catch((error: unknown) => error);
    await late;
  });
  await old.clock.advance(0);
  const nextRun = next.election.run(stop.signal, async (signal) => {
    await next.write('first-of-the-next');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  await next.clock.advance(20_000);
  await old.clock.stall(20_000);
  expect(await late).toMatchObject({ code: 0, reason: 'NotLeader', isTransient: false });
  const names = api.objects('v1/configmaps').map(({ metadata }) => metadata.name);
  expect(names).toEqual(['before', 'first-of-the-next']);
  expect(await old.client.get(ConfigMap, { namespace: 'n', name: 'before' })).toBeDefined();
  stop.abort();
  await next.clock.advance(0);
  await Promise.all([oldRun, nextRun]);
});
