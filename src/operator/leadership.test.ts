import { beforeEach, describe, expect, test } from 'vitest';
import { Lease } from '../kube/objects/kinds.ts';
import type { KubeClient } from '../kube/api/client.ts';
import { LeaderElection } from '../kube/lease/leader-election.ts';
import { LeadershipLost } from '../kube/lease/lease.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { type Fault, FakeTransport } from '../kube/testing/fake-transport.ts';
import { VirtualClock } from '../kube/testing/virtual-clock.ts';
import { LOCK_LEASE, OWN_LEASE } from './leadership.ts';
import { aborted, type Candidate, candidate, clientOf, LEASE_MS, LOCK } from './testing/candidate.ts';

const RETRY_MS = 2_000;

let api: FakeApi;
let clock: VirtualClock;
let started: Candidate[];
beforeEach(() => {
  api = new FakeApi();
  clock = new VirtualClock();
  started = [];
});

describe('two installations of the same namespaces', () => {
  test('the second stays idle and says by whom, and leads when the first has stopped', async () => {
    const first = await begin('one', 'pod-1');
    const second = await begin('two', 'pod-2');
    await clock.advance(120_000);
    expect([first.leads, second.leads]).toEqual([true, false]);
    expect(second.told).toEqual(['installation one/release/pod-1']);
    expect((await lease(LOCK))?.spec?.holderIdentity).toBe('one/release/pod-1');
    first.stop();
    await clock.advance(2 * RETRY_MS);
    expect([first.leads, second.leads]).toEqual([false, true]);
    expect(second.told.at(-1)).toBe('installation undefined');
    expect((await lease(LOCK))?.spec?.holderIdentity).toBe('two/release/pod-2');
    await end();
  });

  test('the second leads within the time of a lease when the first is cut off', async () => {
    const first = await begin('one', 'pod-1');
    const second = await begin('two', 'pod-2');
    first.fault = () => ({ what: 'lost' });
    await clock.advance(LEASE_MS + 2 * RETRY_MS);
    expect([first.leads, second.leads]).toEqual([false, true]);
    await end();
  });

  test('installations of different namespaces do not see each other', async () => {
    const all = [
      await begin('one', 'a', 'shop'),
      await begin('two', 'b', 'office'),
      await begin('three', 'c'),
    ];
    await clock.advance(60_000);
    expect(all.map(({ leads }) => leads)).toEqual([true, true, true]);
    expect(all.flatMap(({ told }) => told)).toEqual([]);
    await end();
  });
});

describe('replicas of one installation', () => {
  test('the other waits for the Lease of their own namespace alone, and follows when the first has stopped', async () => {
    const first = await begin('one', 'pod-1');
    const other = await begin('one', 'pod-2');
    await clock.advance(20_000);
    expect(other.told).toEqual(['replica pod-1']);
    first.stop();
    await clock.advance(1.5 * RETRY_MS);
    expect([first.leads, other.leads]).toEqual([false, true]);
    await end();
  });

  test('after a crash the other waits once, not for each Lease', async () => {
    const first = await begin('one', 'pod-1');
    const other = await begin('one', 'pod-2');
    first.fault = () => ({ what: 'lost' });
    await clock.advance(LEASE_MS + 2 * RETRY_MS);
    expect([first.leads, other.leads]).toEqual([false, true]);
    await end();
  });

  test('one of an older release, which knows its own Lease only, never leads beside one of this', async () => {
    const older = new LeaderElection({
      client: clientOf(new FakeTransport(api)),
      namespace: 'one',
      name: OWN_LEASE,
      identity: 'old-pod',
      clock,
      random: () => 0,
    });
    const stop = new AbortController();
    const ended = older.run(stop.signal, (signal) => aborted(signal));
    await clock.advance(0);
    const newer = await begin('one', 'new-pod');
    await clock.advance(30_000);
    expect([older.isLeader, newer.leads]).toEqual([true, false]);
    stop.abort();
    await clock.advance(2 * RETRY_MS);
    expect([older.isLeader, newer.leads]).toEqual([false, true]);
    await ended;
    await end();
  });
});

describe('leading', () => {
  test.each([
    ['its own', { namespace: 'one', name: OWN_LEASE }],
    ['the lock', LOCK],
  ])('ends at once when %s Lease is taken away, and the other one is given back', async (_, key) => {
    const one = await begin('one', 'pod-1');
    await client().patch(Lease, key, { spec: { holderIdentity: 'x' } }, { type: 'merge' });
    await clock.advance(RETRY_MS + 100);
    expect(one.leads).toBe(false);
    expect(one.lostBy).toBeInstanceOf(LeadershipLost);
    const holders = [await lease(LOCK), await lease({ namespace: 'one', name: OWN_LEASE })];
    expect(
      holders.map((each) => each?.spec?.holderIdentity).filter((holder) => holder !== undefined),
    ).toEqual(['x']);
    await end();
  });

  test('ends with the work: the lock is given back before its own Lease, and both at once', async () => {
    const one = await begin('one', 'pod-1');
    api.requests.length = 0;
    one.stop();
    await clock.advance(0);
    const released = api.requests.map(({ path }) => path.split('/').at(-1));
    expect(released).toEqual([LOCK_LEASE, OWN_LEASE]);
    expect((await lease(LOCK))?.spec?.holderIdentity).toBeUndefined();
    await end();
  });

  test('one that waits for another installation gives its own Lease back when it is stopped', async () => {
    await begin('one', 'pod-1');
    const second = await begin('two', 'pod-2');
    second.stop();
    await clock.advance(0);
    expect((await lease({ namespace: 'two', name: OWN_LEASE }))?.spec?.holderIdentity).toBeUndefined();
    await end();
  });

  test('a Lease that was deleted lets nobody lead before its holder has noticed', async () => {
    const first = await begin('one', 'pod-1');
    const second = await begin('two', 'pod-2');
    first.fault = () => ({ what: 'hang' });
    await client().delete(Lease, LOCK);
    for (let passed = 0; passed < 2 * LEASE_MS; passed += 500) {
      await clock.advance(500);
      expect([first.leads, second.leads]).not.toEqual([true, true]);
    }
    expect(second.leads).toBe(true);
    await end();
  });

  test.each([
    { when: 'was deleted', gone: false },
    { when: 'was taken and deleted once more', gone: true },
  ])('a Lease that $when while one could not look is taken by nobody beside its holder', async ({ gone }) => {
    const away = await begin('one', 'pod-1', LOCK.namespace, () => undefined, true);
    const other = await begin('two', 'pod-2', LOCK.namespace, () => undefined, true);
    await clock.advance(5_000);
    if (gone) {
      await client().delete(Lease, LOCK);
      await clock.advance(3_000);
    }
    away.fault = () => ({ what: 'lost' });
    await clock.advance(2 * LEASE_MS);
    expect([away.leads, other.leads]).toEqual([false, true]);
    await client().delete(Lease, LOCK);
    away.fault = () => undefined;
    for (let passed = 0; passed < 3 * LEASE_MS; passed += 100) {
      await clock.advance(100);
      expect([away.leads, other.leads]).not.toEqual([true, true]);
    }
    expect([away.leads, other.leads]).toContain(true);
    await end();
  });

  test('of two processes under one name the earlier leads no more, instead of both for ever', async () => {
    const first = await begin('one', 'same');
    await clock.advance(5_000);
    await begin('one', 'same');
    await clock.advance(RETRY_MS + 100);
    expect(first.leads).toBe(false);
    expect(String(first.lostBy)).toMatch(/another process holds the Lease as same, too/);
    await end();
  });
});

describe('where the lock is forbidden', () => {
  const forbidden = (path: string): Fault | undefined =>
    path.includes(LOCK_LEASE) ? { what: 'refuse', code: 403, reason: 'Forbidden' } : undefined;

  test('it says so and leads by its own Lease', async () => {
    const one = await begin('one', 'pod-1', LOCK.namespace, forbidden);
    await clock.advance(120_000);
    expect([one.leads, one.without]).toEqual([true, true]);
    const other = await begin('one', 'pod-2', LOCK.namespace, forbidden);
    await clock.advance(20_000);
    expect(other.leads).toBe(false);
    await end();
  });

  test('one answer of an API server that just starts is no such thing', async () => {
    let answers = 2;
    const one = await begin('one', 'pod-1', LOCK.namespace, (path) =>
      path.includes(LOCK_LEASE) && answers-- > 0 ? forbidden(path) : undefined,
    );
    await clock.advance(10_000);
    expect([one.leads, one.without]).toEqual([true, false]);
    await end();
  });

  test('it takes the lock as soon as it may, without a break', async () => {
    const one = await begin('one', 'pod-1', LOCK.namespace, forbidden);
    await clock.advance(30_000);
    one.fault = () => undefined;
    await clock.advance(2 * LEASE_MS);
    expect([one.leads, one.without, one.lostBy]).toEqual([true, false, undefined]);
    expect((await lease(LOCK))?.spec?.holderIdentity).toBe('one/release/pod-1');
    one.stop();
    await clock.advance(0);
    expect((await lease(LOCK))?.spec?.holderIdentity).toBeUndefined();
    await end();
  });

  test('it leads no more once it sees that another installation holds it', async () => {
    const blind = await begin('one', 'pod-1', LOCK.namespace, forbidden);
    await clock.advance(30_000);
    const second = await begin('two', 'pod-2');
    await clock.advance(5_000);
    blind.fault = () => undefined;
    await clock.advance(2 * LEASE_MS);
    expect([blind.leads, second.leads]).toEqual([false, true]);
    expect(String(blind.lostBy)).toMatch(/two\/release\/pod-2 holds the Lease/);
    await end();
  });
});

async function begin(
  ...[namespace, identity, lockNamespace, fault, forever]: [
    string,
    string,
    string?,
    Candidate['fault']?,
    boolean?,
  ]
) {
  const one = candidate(api, namespace, identity, clock, lockNamespace, fault, forever);
  started.push(one);
  await clock.advance(100);
  return one;
}

async function end(): Promise<void> {
  for (const one of started) one.stop();
  await clock.advance(20_000);
  await Promise.all(started.map(({ ended }) => ended));
}

function client(): KubeClient {
  return clientOf(new FakeTransport(api));
}

async function lease(key: { namespace: string; name: string }) {
  return await client().get(Lease, key);
}
