import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { KubeClient } from '../api/client.ts';
import { Lease } from '../objects/kinds.ts';
import { LeaderElection } from './leader-election.ts';
import { LeadershipLost } from './lease.ts';
import { microTime } from '../objects/micro-time.ts';
import { FakeApi } from '../testing/fake-api.ts';
import type { Fault } from '../testing/fake-transport.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';

let api: FakeApi;

beforeEach(() => {
  api = new FakeApi();
});

test('the first candidate leads at once, the second when the first has released the Lease', async () => {
  const clock = new VirtualClock();
  const [a, b] = [candidate('a', clock), candidate('b', clock)];
  await clock.advance(100);
  expect([a.leads, b.leads]).toEqual([true, false]);
  await clock.advance(60_000);
  expect([a.leads, b.leads]).toEqual([true, false]);
  a.stop();
  await clock.advance(3_000);
  expect([a.leads, b.leads]).toEqual([false, true]);
  expect(a.lostBy).toBeUndefined();
  await b.end();
  await a.end();
});

test('a leader that dies is followed after its lease', async () => {
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(0);
  const b = candidate('b', clock);
  await clock.advance(10_000);
  a.fault = () => ({ what: 'lost' });
  await clock.advance(12_000);
  expect([a.leads, b.leads]).toEqual([false, false]);
  await clock.advance(8_000);
  expect(b.leads).toBe(true);
  await Promise.all([a.end(), b.end()]);
});

test('the same identity takes its own Lease again at once', async () => {
  const clock = new VirtualClock();
  const dead = candidate('pod-0', clock);
  await clock.advance(5_000);
  dead.fault = () => ({ what: 'hang' });
  const restarted = candidate('pod-0', clock);
  await clock.advance(0);
  expect(restarted.leads).toBe(true);
  expect(lease().spec.leaseTransitions).toBe(0);
  await Promise.all([dead.end(), restarted.end()]);
});

test('a leader that cannot renew stops before anybody else may start', async () => {
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(2_500);
  a.fault = () => ({ what: 'hang' });
  await clock.advance(9_400);
  expect(a.leads).toBe(true);
  await clock.advance(700);
  expect(a.leads).toBe(false);
  expect(a.lostBy).toBeInstanceOf(LeadershipLost);
  await a.end();
});

test('a leader whose event loop was blocked knows that it leads no more before it does anything', async () => {
  const [clock, elsewhere] = [new VirtualClock(), new VirtualClock()];
  const a = candidate('a', clock);
  await clock.advance(1_000);
  const b = candidate('b', elsewhere);
  // No timer of the one runs while its loop is blocked; the first thing that runs after it asks.
  const asked = new Promise<boolean>((resolve) => clock.after(1, () => resolve(a.election.isLeader)));
  await elsewhere.advance(20_000);
  expect([a.leads, b.leads]).toEqual([true, true]);
  await clock.stall(20_000);
  expect(await asked).toBe(false);
  expect(a.leads).toBe(false);
  expect(a.lostBy).toBeInstanceOf(LeadershipLost);
  await Promise.all([a.end(), b.end()]);
});

test('a leader that was blocked, while nobody took the Lease, leads on', async () => {
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(1_000);
  await clock.stall(20_000);
  expect([a.leads, a.lostBy]).toEqual([true, undefined]);
  await a.end();
});

test('one failed renewal, or one whose answer is lost, changes nothing', async () => {
  for (const what of ['lost', 'answer-lost'] as const) {
    const clock = new VirtualClock();
    const a = candidate(`a-${what}`, clock, `lease-${what}`);
    await clock.advance(1_000);
    let faults = 1;
    a.fault = () => (faults-- > 0 ? { what } : undefined);
    await clock.advance(30_000);
    expect(faults).toBeLessThan(0);
    expect(a.leads).toBe(true);
    await a.end();
  }
});

test('a Lease that somebody else took or deleted ends leadership at the next renewal', async () => {
  for (const how of ['taken', 'deleted']) {
    const clock = new VirtualClock();
    const a = candidate('a', clock, how);
    await clock.advance(1_000);
    const other = new KubeClient(new FakeTransport(api), { fieldManager: 'other' });
    const key = { namespace: 'n', name: how };
    if (how === 'deleted') await other.delete(Lease, key);
    else await other.patch(Lease, key, { spec: { holderIdentity: 'b' } }, { type: 'merge' });
    await clock.advance(2_100);
    expect(a.lostBy).toBeInstanceOf(LeadershipLost);
    await a.end();
  }
});

test('wall clocks that differ or jump don’t matter', async () => {
  const [early, late] = [new VirtualClock(0), new VirtualClock(Date.UTC(2040, 0, 1))];
  const a = candidate('a', early);
  await early.advance(0);
  const b = candidate('b', late);
  for (let second = 0; second < 120; second++) {
    if (second === 30) early.jump(-3_600_000);
    if (second === 60) late.jump(3_600_000);
    await early.advance(1_000);
    await late.advance(1_000);
  }
  expect([a.leads, b.leads]).toEqual([true, false]);
  const ended = Promise.all([a.end(), b.end()]);
  await early.advance(0);
  await late.advance(0);
  await ended;
});

test('the Lease is renewed while the leader stops, and only then released', async () => {
  const clock = new VirtualClock();
  let finish = (): void => {};
  const a = candidate('a', clock, 'lease', () => new Promise<void>((resolve) => (finish = resolve)));
  await clock.advance(1_000);
  a.stop();
  const before = lease().metadata.resourceVersion;
  await clock.advance(8_000);
  expect(lease().metadata.resourceVersion).not.toBe(before);
  expect(lease().spec.holderIdentity).toBe('a');
  finish();
  await clock.advance(0);
  expect(lease().spec.holderIdentity).toBeUndefined();
  await a.end();
});

test('an answer that was lost does not keep the Lease from being released', async () => {
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(1_900);
  a.fault = () => ({ what: 'answer-lost' });
  await clock.advance(200);
  a.fault = () => undefined;
  await a.end();
  expect(lease().spec.holderIdentity).toBeUndefined();
});

test('steady leading costs one write a renewal and no read', async () => {
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(1_000);
  api.requests.length = 0;
  await clock.advance(60_000);
  expect(new Set(api.requests.map(({ method }) => method))).toEqual(new Set(['PUT']));
  expect(api.requests.length).toBeLessThanOrEqual(30);
  await a.end();
});

test('times have the six digits that the API server demands', async () => {
  expect(microTime(Date.UTC(2026, 0, 1, 2, 3, 4, 56))).toBe('2026-01-01T02:03:04.056000Z');
  const clock = new VirtualClock();
  const a = candidate('a', clock);
  await clock.advance(0);
  expect(lease().spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(lease().spec.acquireTime).toMatch(/\.\d{6}Z$/);
  await a.end();
});

test.each([
  [{ leaseMs: 10_000, renewDeadlineMs: 10_000 }],
  [{ renewDeadlineMs: 2_000, retryMs: 2_000 }],
  [{ leaseMs: 15_500 }],
])('%j is refused', (times) => {
  const client = new KubeClient(new FakeTransport(api), { fieldManager: 'test' });
  const options = { client, namespace: 'n', name: 'lease', identity: 'a', ...times };
  expect(() => new LeaderElection(options)).toThrow(RangeError);
});

test('whatever is lost, stalled or restarted: two candidates never lead at once', async () => {
  const step = fc.record({
    who: fc.nat(1),
    what: fc.constantFrom('fine', 'lost', 'answer-lost', 'hang', 'stall', 'restart'),
    ms: fc.integer({ min: 100, max: 12_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      api = new FakeApi();
      // A clock each: the one that stalls is not the other's.
      const clocks = [new VirtualClock(), new VirtualClock()];
      const all = clocks.map((clock, index) => candidate(`c${index}`, clock));
      const dead: Candidate[] = [];
      for (const { who, what, ms } of steps) {
        const one = all[who] as Candidate;
        if (what === 'restart') {
          await retire(one, clocks);
          dead.push(one);
          all[who] = candidate(`c${who}`, clocks[who] as VirtualClock);
        } else if (what === 'stall') {
          // Meanwhile the blocked one does nothing at all; what it believes counts from when it wakes up.
          await advance([clocks[1 - who] as VirtualClock], ms, [all[1 - who] as Candidate]);
          await (clocks[who] as VirtualClock).stall(ms);
        } else one.fault = () => (what === 'fine' ? undefined : { what: what as 'lost' });
        await advance(clocks, ms, all);
      }
      // When the faults end, somebody leads.
      for (const one of all) one.fault = () => undefined;
      await advance(clocks, 40_000, all);
      expect(all.filter(({ election }) => election.isLeader)).toHaveLength(1);
      for (const one of all) await retire(one, clocks);
    }),
    { numRuns: 40 },
  );
}, 120_000);

interface Candidate {
  election: LeaderElection;
  /** As the one who does the work sees it. */
  leads: boolean;
  lostBy: unknown;
  fault: () => Fault | undefined;
  stop(): void;
  end(): Promise<void>;
}

/** Stands for election again and again until it is stopped, as a process does that is restarted. */
function candidate(
  identity: string,
  clock: VirtualClock,
  name = 'lease',
  work?: () => Promise<void>,
): Candidate {
  const transport = new FakeTransport(api);
  const client = new KubeClient(transport, { fieldManager: identity });
  const election = new LeaderElection({ client, namespace: 'n', name, identity, clock, random: () => 0 });
  const end = new AbortController();
  let run: Promise<void> = Promise.resolve();
  const one: Candidate = {
    election,
    leads: false,
    lostBy: undefined,
    fault: () => undefined,
    stop: () => end.abort(),
    end: async () => {
      end.abort();
      await clock.advance(6_000);
      await run;
    },
  };
  transport.fault = () => one.fault();
  const lead = async (signal: AbortSignal, lost: AbortSignal): Promise<void> => {
    one.leads = true;
    lost.addEventListener('abort', () => (one.lostBy = lost.reason));
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    one.leads = false;
    await work?.();
  };
  const stand = async (): Promise<void> => {
    while (!end.signal.aborted) await election.run(end.signal, lead);
  };
  run = stand();
  return one;
}

async function retire(one: Candidate, clocks: VirtualClock[]): Promise<void> {
  one.fault = () => ({ what: 'lost' });
  one.stop();
  const ended = one.end();
  for (const clock of clocks) await clock.advance(0);
  await ended;
}

/** Lets time pass for all clocks alike, and looks at every moment. */
async function advance(clocks: VirtualClock[], ms: number, all: Candidate[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const clock of clocks) {
      await clock.advance(Math.min(500, ms - passed));
      expect(all.filter(({ election }) => election.isLeader).length).toBeLessThanOrEqual(1);
    }
  }
}

function lease(): { metadata: { resourceVersion: string }; spec: NonNullable<Lease['spec']> } {
  return api.objects('coordination.k8s.io/v1/leases')[0] as never;
}
