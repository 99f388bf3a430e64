import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { InfluxError } from '../../influx/influx-error.ts';
import { engineAnswer, statementsOf } from '../../influx/testing/scripted-transport.ts';
import type { InfluxRequest, InfluxResponse, InfluxTransport } from '../../influx/transport.ts';
import { sleep } from '../../kube/clock.ts';
import { VirtualClock } from '../../kube/testing/virtual-clock.ts';
import type { Facts } from '../world/facts.ts';
import { FACTS, NOW } from '../testing/fixtures.ts';
import { Keeper } from '../testing/keeper.ts';

const QUICK_MS = 20;
/** Longer than anybody waits. */
const SLOW_MS = 100_000;
/** What the documentation promises. */
const REPAIRED_MS = 60_000;

const table = (columns: string[], values: unknown[][]) => ({ series: [{ columns, values }] });

/** An engine of which some statements take long, whether somebody waits for the answer or not. */
class SlowEngine implements InfluxTransport {
  readonly sent: string[] = [];
  readonly policies = new Set(['autogen', 'week', 'old']);
  default = 'week';
  readonly #clock: VirtualClock;
  readonly #slow: RegExp;

  constructor(clock: VirtualClock, slow: RegExp) {
    this.#clock = clock;
    this.#slow = slow;
  }

  async send(request: InfluxRequest): Promise<InfluxResponse> {
    const statements = statementsOf(request);
    this.sent.push(...statements);
    const takesMs = statements.some((statement) => this.#slow.test(statement)) ? SLOW_MS : QUICK_MS;
    const results = new Promise<object[]>((resolve) => {
      this.#clock.after(takesMs, () =>
        resolve(statements.map((statement, index) => ({ statement_id: index, ...this.#execute(statement) }))),
      );
    });
    await sleep(this.#clock, Math.min(takesMs, request.timeoutMs), request.signal);
    if (takesMs > request.timeoutMs) throw new InfluxError('Timeout', 'no answer in time');
    return engineAnswer(200, { results: await results });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #execute(statement: string): object {
    if (statement === 'SHOW DATABASES') return table(['name'], [[FACTS.id]]);
    if (statement === 'SHOW USERS')
      return table(
        ['user', 'admin'],
        ['admin', FACTS.id].map((name) => [name, name === 'admin']),
      );
    if (statement.startsWith('SHOW GRANTS'))
      return table(['database', 'privilege'], [[FACTS.id, 'ALL PRIVILEGES']]);
    if (statement.startsWith('SHOW RETENTION'))
      return table(
        ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
        [...this.policies].map((name) => [
          name,
          name === 'autogen' ? '0s' : '168h0m0s',
          name === 'autogen' ? '168h0m0s' : '24h0m0s',
          1,
          name === this.default,
        ]),
      );
    const [, verb, name = ''] = /^(CREATE|DROP) RETENTION POLICY "?(\w+)/.exec(statement) ?? [];
    if (verb === 'DROP') this.policies.delete(name);
    if (verb === 'CREATE') this.policies.add(name);
    if (statement.endsWith('DEFAULT')) this.default = name;
    return {};
  }
}

function specWith(...names: string[]): Partial<InfluxAddonSpec> {
  return {
    retentionPolicies: names.map((name) => ({ name, duration: '7d', shardDuration: '1d' })),
    defaultRetentionPolicy: 'week',
  };
}

const record = { retentionPolicies: ['old', 'week'], continuousQueries: [] };
const FACTS_WITH_CONTENTS: Facts = { ...FACTS, contents: { record, passwords: {} } };

function keeperOf(uid: string, slow: RegExp) {
  const clock = new VirtualClock(NOW.getTime());
  const engine = new SlowEngine(clock, slow);
  // Lets time pass until it is done.
  const during = async (work: Promise<void>): Promise<void> => {
    let done = false;
    const end = work.finally(() => (done = true));
    while (!done) await clock.advance(QUICK_MS);
    await end;
  };
  const keeper = new Keeper({
    influx: engine,
    clock,
    facts: FACTS_WITH_CONTENTS,
    spec: specWith('week', 'old'),
    uid,
    during,
    wait: (ms) => clock.advance(ms),
  });
  /** Until what somebody dropped is there again. */
  const repaired = async (policy: string): Promise<void> => {
    while (!engine.policies.has(policy)) {
      const restMs = await keeper.step();
      if (restMs !== undefined) await clock.advance(restMs);
    }
  };
  return { keeper, engine, clock, repaired };
}

describe('the default policy is back within 60 s when somebody drops it right after a check', () => {
  const pods = ['pod-0', 'pod-1', 'pod-2', 'pod-3', 'pod-4'];

  it.each(pods)(
    'although the operator begins a search that is never answered before the next (%s)',
    async (uid) => {
      const { keeper, engine, clock, repaired } = keeperOf(uid, /CARDINALITY/);
      const restMs = await keeper.rest();
      engine.policies.delete('week');
      const droppedMs = clock.monotonic();
      await clock.advance(restMs - 1);
      expect(engine.sent.filter((statement) => statement.includes('CARDINALITY'))).toEqual([]);
      await keeper.search();
      expect(engine.sent.filter((statement) => statement.includes('CARDINALITY'))).not.toEqual([]);
      await repaired('week');
      expect(clock.monotonic() - droppedMs).toBeGreaterThan(restMs);
      expect(clock.monotonic() - droppedMs).toBeLessThan(REPAIRED_MS);
    },
  );

  it.each(pods)('although a policy is to be removed that the engine takes long to drop (%s)', async (uid) => {
    const { keeper, engine, clock, repaired } = keeperOf(uid, /DROP RETENTION/);
    const restMs = await keeper.rest();
    engine.policies.delete('week');
    const droppedMs = clock.monotonic();
    await clock.advance(restMs - 1);
    keeper.edit(specWith('week'));
    await repaired('week');
    expect(clock.monotonic() - droppedMs).toBeGreaterThan(restMs);
    expect(clock.monotonic() - droppedMs).toBeLessThan(REPAIRED_MS);

    // The engine goes on, and is not told over and over.
    while (engine.policies.has('old')) await clock.advance(await keeper.rest());
    expect(clock.monotonic() - droppedMs).toBeLessThan(restMs + SLOW_MS + REPAIRED_MS);
    const drops = engine.sent.filter((statement) => statement.startsWith('DROP RETENTION POLICY'));
    expect(drops.length).toBeLessThanOrEqual(2);
  });
});
