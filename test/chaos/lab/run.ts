import { setTimeout as delay } from 'node:timers/promises';
import { InfluxAddon } from '../../../src/api/kinds.ts';
import * as kinds from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { OPERATOR_NAMESPACE, TEST_SETTINGS } from '../../integration/operator-bed.ts';
import { PATIENCE_MS } from '../../patience.ts';
import { Invariants } from '../oracles/invariants.ts';
import { untruths } from '../oracles/facts.ts';
import { endState } from '../oracles/end-state.ts';
import type { Flat } from '../oracles/flat.ts';
import { keyOf, type Perturbation, type Strike } from '../perturb/perturbation.ts';
import type { Product } from '../product.ts';
import type { Scenario } from '../scenario.ts';
import { allowOperator } from './authority.ts';
import { ElasticClock } from './elastic-clock.ts';
import { Guard } from './guard.ts';
import { type Instance, startInstance } from './instance.ts';
import type { Lab } from './lab.ts';
import { RunLog } from './log.ts';
import { numberedEvents } from './events.ts';
import type { Revision } from './recorder.ts';
import { ScopedTransport } from './scoped-transport.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';
import type { Write } from './write.ts';
import { isOver, isStill } from './settled.ts';

/** Nothing has happened for so long: what was decided is done. */
const CALM_MS = 250;
/** Nothing has happened for so long, and it is not over: only time can bring it on. */
const STUCK_MS = 900;
/** Longer than any view holds anything back. */
const CATCH_UP_MS = 1_000;
/** An engine that has not come up after that does not come up. */
const STARTING_MS = 40_000;
/** Of time that was moved on. */
const SETTLE_VIRTUAL_MS = 12 * 60_000;

export interface RunOptions {
  readonly lab: Lab;
  readonly product: Product;
  readonly scenario: Scenario;
  readonly perturbation?: Perturbation | undefined;
}

export interface RunResult {
  /** What must not be, as sentences; empty when all is well. */
  readonly violations: readonly string[];
  /** Keys of the writes of the act phase, in order. */
  readonly writes: readonly { readonly key: string; readonly world: Write['world'] }[];
  /** What happened to objects in the act phase, in order, by keys as `eventKeys` makes them. */
  readonly events: readonly { readonly key: string; readonly type: Revision['type'] }[];
  readonly end: Flat | undefined;
  readonly log: readonly string[];
  readonly ms: number;
}

/** What a perturbation may do to its run. */
export interface RunControl {
  readonly lab: Lab;
  readonly namespace: string;
  /** Resource version below which everything belongs to the setup. */
  readonly actedFrom: number;
  /** Counts instances of the act phase from 0. */
  readonly instance: number;
  readonly log: RunLog;
  /** Ends the operator and starts another. */
  restart(): Promise<void>;
  settle(what: string): Promise<void>;
}

/** Plays a scenario once, with what strikes it, and looks at the whole of what came of it. */
export async function play(options: RunOptions): Promise<RunResult> {
  return await new Run(options).play();
}

class Run implements RunControl {
  readonly lab: Lab;
  readonly namespace: string;
  readonly log = new RunLog();
  readonly number: number;
  actedFrom = Number.POSITIVE_INFINITY;
  instance = -1;
  readonly #options: RunOptions;
  readonly #clock = new ElasticClock();
  readonly #traffic = new Traffic();
  readonly #counts = new Map<string, number>();
  readonly #writes: { key: string; world: Write['world'] }[] = [];
  readonly #invariants: Invariants;
  readonly #unlisten: () => void;
  #acting = false;
  #playedTo = 0;
  /** How often the operator itself restarted a database by deleting its pod. */
  #podsDeleted = 0;
  #guard: Guard | undefined;
  #current: Instance | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: RunOptions) {
    this.#options = options;
    this.lab = options.lab;
    this.number = this.lab.number();
    this.namespace = `chaos-${this.number}`;
    this.#invariants = new Invariants(options.scenario.allows ?? {});
    this.#unlisten = this.lab.recorder.listen(this.namespace, (revision) => {
      this.#traffic.touch();
      this.#invariants.take(revision);
      this.#tell(revision);
    });
  }

  async play(): Promise<RunResult> {
    const started = performance.now();
    const { scenario, perturbation } = this.#options;
    const stage = new Stage({
      lab: this.lab,
      namespace: this.namespace,
      number: this.number,
      settle: async (what, done) => await this.settle(what, done),
      advance: (ms) => this.#clock.advance(ms),
      asked: () => this.#traffic.asked,
    });
    const violations: string[] = [];
    let end: Flat | undefined;
    try {
      if (scenario.engine === 'Real') this.lab.real.add(this.namespace);
      await this.lab.client.create(kinds.Namespace, { metadata: { name: this.namespace } });
      if (scenario.ownAuthority === true) await allowOperator(this.lab.client, this.#operatorNamespace);
      await this.#start();
      await scenario.setup?.(stage);
      await this.settle('set up', scenario.setup === undefined ? () => true : undefined);
      this.#begin();
      if (perturbation?.view !== undefined) await this.restart();
      await scenario.act(stage);
      const done = scenario.done && (() => scenario.done?.(stage) ?? false);
      await this.settle('over', done);
      this.#playedTo = Math.max(
        0,
        ...this.lab.recorder.history(this.namespace).map(({ version }) => version),
      );
      await perturbation?.afterwards?.(this);
      if (perturbation?.view !== undefined) {
        await this.#catchUp();
        await this.settle('over once more', done);
      }
      violations.push(...(await this.#quiet()));
      end = await endState(this.lab, this.namespace, this.number, this.#podsDeleted);
      violations.push(...untruths(end));
    } catch (reason) {
      violations.push(reason instanceof Error ? reason.message : String(reason));
    }
    await this.#end();
    violations.push(...this.#invariants.violations);
    violations.push(
      ...this.lab.takeUnhandled().map((reason) => `a promise that nobody caught: ${String(reason)}`),
    );
    const result = {
      violations,
      writes: this.#writes,
      events: this.#events(),
      end,
      log: this.log.lines,
      ms: performance.now() - started,
    };
    await this.#tidy();
    return result;
  }

  async restart(): Promise<void> {
    if (this.#guard !== undefined) this.#guard.dead = true;
    this.#changing = this.#changing.then(async () => {
      await this.#current?.kill();
      await this.#start();
    });
    await this.#changing;
  }

  async settle(
    what: string,
    done: () => boolean = () => isOver(this.lab.recorder, this.namespace),
  ): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    const endVirtual = this.#clock.ahead + SETTLE_VIRTUAL_MS;
    for (;;) {
      await this.#changing;
      const quiet = (this.#current?.waiting() ?? 0) > 0 ? 0 : this.#traffic.quietMs();
      const still = isStill(this.lab.recorder, this.namespace);
      const over = done() && still;
      if (over && quiet >= CALM_MS) return;
      if (performance.now() > end || this.#clock.ahead > endVirtual)
        throw new Error(`it is not ${what} in the end: ${this.#describe()}`);
      // What the cluster is at takes real time, more of it on a busy machine.
      if (!over && still && quiet >= STUCK_MS && !this.#isStarting()) {
        this.#clock.advance(Math.min((this.#clock.next() ?? 1_000) + 1, 60_000));
        this.#traffic.touch();
      }
      await delay(20);
    }
  }

  /** A pod is on its way, which takes its time, and there is nothing to be seen of it. */
  #isStarting(): boolean {
    const patienceMs = this.#options.scenario.engine === 'Real' ? STARTING_MS : STARTING_MS / 4;
    return [...this.lab.recorder.objects(this.namespace).values()].some((object) => {
      const { kind, metadata, status } = object as Live<kinds.Pod>;
      if (kind !== 'Pod' || Date.now() - Date.parse(metadata.creationTimestamp ?? '') > patienceMs)
        return false;
      return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') !== true;
    });
  }

  /** What was held back from the operator comes, and a list that waits for its turn is made. */
  async #catchUp(): Promise<void> {
    await delay(CATCH_UP_MS);
    this.#clock.advance(30_000);
    this.#traffic.touch();
    await delay(CATCH_UP_MS);
  }

  get #operatorNamespace(): string {
    return this.#options.scenario.ownAuthority === true ? `${this.namespace}-op` : OPERATOR_NAMESPACE;
  }

  #begin(): void {
    const versions = [...this.lab.recorder.objects(this.namespace).values()].map(({ metadata }) =>
      Number(metadata.resourceVersion),
    );
    this.actedFrom = Math.max(0, ...versions);
    this.#acting = true;
    this.log.note('what follows may be struck');
  }

  async #start(): Promise<void> {
    const { product, perturbation } = this.#options;
    const { transport, influx } = await this.lab.connections(product);
    if (this.#acting) this.instance += 1;
    const guard = new Guard({
      product,
      traffic: this.#traffic,
      onWrite: (write) => this.#onWrite(write),
      onCrash: () => {
        this.log.note('the operator dies');
        void this.restart();
      },
    });
    // Below the scope, where requests say of which namespace they are.
    const seen = this.#acting ? (perturbation?.view?.(transport, this) ?? transport) : transport;
    const scoped = new ScopedTransport(seen, this.namespace);
    this.#guard = guard;
    this.#current = startInstance({
      product,
      transport: guard.kube(scoped),
      influx: guard.influx(influx),
      clock: this.#clock,
      log: this.log,
      onRun: () => this.#traffic.touch(),
      settings: { ...TEST_SETTINGS, operatorNamespace: this.#operatorNamespace },
    });
  }

  #onWrite(write: Write): Strike | undefined {
    if (!this.#acting) return undefined;
    const nth = (this.#counts.get(write.what) ?? 0) + 1;
    this.#counts.set(write.what, nth);
    const numbered = { ...write, nth };
    const key = keyOf(numbered);
    this.#writes.push({ key, world: write.world });
    this.log.note(`write ${key}`);
    const strike = this.#options.perturbation?.strike?.(numbered, this);
    if (strike !== undefined) this.log.note(`struck: ${JSON.stringify(strike)}`);
    if (write.what.startsWith('DELETE pods/') && strike?.sent !== false) this.#podsDeleted += 1;
    return strike;
  }

  /** Nothing is asked or written in a minute in which nothing happens; nor by an operator that starts anew. */
  async #quiet(): Promise<string[]> {
    const violations: string[] = [];
    // An operator that starts anew is one more for each run: undisturbed ones show it.
    const all = ['a virtual minute', 'a restart'] as const;
    for (const what of this.#options.perturbation === undefined ? all : all.slice(0, 1)) {
      this.#traffic.requests = [];
      if (what === 'a restart') await this.restart();
      else this.#clock.advance(60_000);
      this.#traffic.touch();
      const end = performance.now() + 15_000;
      do await delay(20);
      while (
        performance.now() < end &&
        (this.#traffic.quietMs() < CALM_MS || (this.#current?.waiting() ?? 0) > 0)
      );
      if (this.#traffic.requests.length > 0)
        violations.push(`not quiet: ${what} brings ${this.#traffic.requests.slice(0, 5).join(', ')}`);
    }
    return violations;
  }

  async #end(): Promise<void> {
    this.#acting = false;
    if (this.#guard !== undefined) this.#guard.dead = true;
    await this.#changing;
    if (this.#guard !== undefined) this.#guard.dead = true;
    await this.#current?.kill();
    this.#unlisten();
  }

  #events(): RunResult['events'] {
    return numberedEvents(this.lab.recorder.history(this.namespace), this.actedFrom)
      .filter(({ revision }) => revision.version <= this.#playedTo)
      .map(({ key, revision }) => ({ key, type: revision.type }));
  }

  /** Births and deaths, for the log. */
  #tell({ type, kind, object: { metadata } }: Revision): void {
    if (type === 'MODIFIED') return;
    const template = metadata.labels?.['controller-revision-hash'];
    this.log.note(`${type} ${kind}/${metadata.name}${template === undefined ? '' : ` of ${template}`}`);
  }

  #describe(): string {
    const addons = this.lab.recorder.addons(this.namespace).map(({ metadata, status }) => {
      const conditions = (status?.conditions ?? []).map(
        ({ type, status: is, reason, message }) => `${type}=${is} ${reason}: ${message}`,
      );
      return `${metadata.name} (generation ${metadata.generation}, observed ${status?.observedGeneration}) ${conditions.join('; ')}`;
    });
    return addons.length === 0 ? 'there is no addon' : addons.join(' | ');
  }

  /** Leaves nothing that runs; what is left of the namespace costs little. */
  async #tidy(): Promise<void> {
    const { client, recorder } = this.lab;
    const { namespace } = this;
    try {
      for (const addon of recorder.addons(namespace)) await release(client, addon);
      for (const kind of [kinds.Deployment, kinds.StatefulSet, kinds.DaemonSet, kinds.PersistentVolumeClaim])
        for (const object of recorder.objects(namespace).values())
          if (object.kind === kind.kind)
            await client.delete(
              kind as kinds.Kind<KubeObject>,
              { namespace, name: object.metadata.name },
              { propagationPolicy: 'Background' },
            );
    } catch {
      // the namespace went with its scenario
    }
    recorder.forget(namespace);
    this.lab.real.delete(namespace);
    this.lab.stores.forget(namespace);
  }
}

async function release(client: Lab['client'], { metadata }: Live<InfluxAddon>): Promise<void> {
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  await client.patch(InfluxAddon, key, { metadata: { finalizers: null } }, { type: 'merge' });
  await client.delete(InfluxAddon, key);
}
