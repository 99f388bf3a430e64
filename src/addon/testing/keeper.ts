import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { InfluxTransport } from '../../influx/transport.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { changeContents, measureShards } from '../act/contents.ts';
import { askDatabase, changeDatabase, probeDatabase } from '../act/database.ts';
import { settleContents } from '../database/contents/facts.ts';
import { contentsStatus } from '../database/contents/status.ts';
import { contentsStep } from '../database/contents/next.ts';
import { accessTo, databaseState } from '../database/state.ts';
import { USER_KEY_PREFIX } from '../identity/admin-keys.ts';
import { encode } from '../world/secret-data.ts';
import { type Facts } from '../world/facts.ts';
import { findGrowing } from '../act/measure.ts';
import { Memories } from '../observe/memories.ts';
import { nextTurn } from '../rotation/turns.ts';
import { addonOf, countingFresh, live, NO_CHILDREN, worldOf } from './fixtures.ts';
import { podOf, readyStatus } from './pods.ts';
import type { World } from '../world/world.ts';

const UID = 'addon-uid';
const REVISION = 'r';

export interface KeeperOptions {
  readonly influx: InfluxTransport;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly spec: Partial<InfluxAddonSpec>;
  /** Of the pod: by it the checks of databases are spread. */
  readonly uid?: string;
  /** Waits for a piece of work; where time stands still, it lets time pass. */
  readonly during?: (work: Promise<void>) => Promise<void>;
  /** Lets time pass, milliseconds, until a database that does not answer is asked again. */
  readonly wait: (ms: number) => Promise<void>;
}

/** The operator's rules about one database, its contents and its credentials, with facts in a variable, not a Secret. */
export class Keeper {
  facts: Facts;
  /** Who may log in has a new token to be changed for. */
  token: string | undefined;
  readonly #options: KeeperOptions;
  readonly #pod;
  readonly #fresh = countingFresh('fresh');
  readonly #signal = new AbortController().signal;
  #influx: InfluxTransport;
  #memories = new Memories();
  #spec: Partial<InfluxAddonSpec>;
  #generation = 1;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#influx = options.influx;
    this.facts = options.facts;
    this.#spec = options.spec;
    const { clock, uid = 'pod-uid' } = options;
    this.#pod = podOf(readyStatus(new Date(clock.now() - 60_000).toISOString()), { uid });
  }

  edit(spec: Partial<InfluxAddonSpec>): void {
    this.#spec = spec;
    this.#generation += 1;
  }

  /** A new process, which remembers nothing. */
  restart(influx: InfluxTransport = this.#options.influx): void {
    this.#influx = influx;
    this.#memories = new Memories();
  }

  /** Does what is next; for how long there is nothing to do, milliseconds, when that is so. */
  async step(): Promise<number | undefined> {
    const nowMs = this.#options.clock.now();
    const settled = settleContents(this.world(), this.facts, [], this.#fresh);
    this.facts = { ...this.facts, contents: settled };
    const world = this.world();
    const contents = contentsStep(world, this.facts, this.#access, nowMs);
    const next = databaseState({
      pod: this.#pod,
      facts: this.facts,
      knowledge: world.memory.database,
      contents: contents?.action,
      revision: REVISION,
      verifiedRevision: REVISION,
      tls: undefined,
      nowMs,
    });
    if (next.state === 'AdministratorLost' || next.state === 'Silent') {
      await this.#options.wait(next.retryMs);
      return undefined;
    }
    if (next.state === 'ReadOnly') return next.recheckMs;
    if (next.state === 'Answering') {
      const now = new Date(nowMs);
      const turn = nextTurn(world, this.facts, { mayBegin: true, fresh: this.#fresh, now });
      if (turn === undefined) return Math.min(next.recheckMs, contents?.recheckMs ?? Infinity);
      this.facts = turn.facts;
      return undefined;
    }
    const actor = { influx: this.#influx, memories: this.#memories, clock: this.#options.clock };
    const { action } = next;
    const access = this.#access;
    if (action.do === 'askDatabase')
      await this.#during(askDatabase(actor, UID, access, this.#signal, action));
    else if (action.do === 'changeDatabase')
      await this.#during(changeDatabase(actor, UID, access, action.steps, this.#signal));
    else if (action.do === 'changeContents')
      await this.#during(changeContents(actor, UID, action, this.#signal));
    else if (action.do === 'measureShards')
      await this.#during(measureShards(actor, UID, action, this.#signal));
    else if (action.do === 'probeDatabase')
      await this.#during(probeDatabase(actor, UID, access, action.revision, this.#signal));
    else throw new Error(`nobody expects ${action.do}`);
    return undefined;
  }

  /** Until there is nothing to do: for how long. */
  async rest(): Promise<number> {
    for (let steps = 0; steps < 200; steps += 1) {
      const restMs = await this.step();
      if (restMs !== undefined) return restMs;
    }
    throw new Error(`no end: ${JSON.stringify(this.facts.rotation?.phase)}`);
  }

  /** Asks what grows, as the operator does when there are too many series. */
  async search(): Promise<void> {
    const actor = { influx: this.#influx, memories: this.#memories, clock: this.#options.clock };
    await this.#during(findGrowing(actor, UID, this.#access, 'Near', this.#signal));
  }

  /** What status would say of what the database holds. */
  status(): ReturnType<typeof contentsStatus> | undefined {
    const world = this.world();
    const contents = contentsStep(world, this.facts, this.#access, this.#options.clock.now());
    return contents && contentsStatus(world, this.facts.id, contents);
  }

  /** What a decision would look at. */
  world(): World {
    const { record, passwords } = this.facts.contents ?? { record: undefined, passwords: {} };
    const users = Object.entries(passwords).map(([name, password]) => [USER_KEY_PREFIX + name, password]);
    const data = encode({
      ...(record === undefined ? {} : { contents: JSON.stringify(record) }),
      ...(Object.fromEntries(users) as Record<string, string>),
    });
    const annotations = this.token === undefined ? {} : { 'influxaddon.dev/rotate': this.token };
    return worldOf({
      addon: addonOf(this.#spec, { metadata: { generation: this.#generation, annotations } }),
      pod: this.#pod,
      memory: this.#memories.get(UID),
      children: { ...NO_CHILDREN, adminSecret: live<Secret>({ data }) },
    });
  }

  get #access() {
    return accessTo(this.#pod, this.facts, undefined);
  }

  async #during(work: Promise<void>): Promise<void> {
    await (this.#options.during?.(work) ?? work);
  }
}
