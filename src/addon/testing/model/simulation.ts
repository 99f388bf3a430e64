import { Annotation } from '../../../api/annotations.ts';
import { setImmediate } from 'node:timers/promises';
import type { InfluxAddon, InfluxAddonSpec } from '../../../api/influx-addon.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { addonOf, countingFresh, NOW, VERSIONS } from '../fixtures.ts';
import { Conduct } from './conduct.ts';
import { Invariants } from './invariants.ts';
import { ModelApi, type Stored } from './model-api.ts';
import { BROKEN_VERSION, ModelNode } from './model-node.ts';
import { ModelOperator, type OperateOptions } from './model-operator.ts';
import { Obstacles, type Obstacle } from './obstacles.ts';
import { RestartInvariants } from './restart-invariants.ts';
import { User, type AppEvent, type Damageable, type DatabaseDamage, type FreezableSecret } from './user.ts';

export const ADDON = 'my-app';

/** One thing that happens. Between them, objects keep the state that they have. */
export type SimulationEvent =
  | { readonly event: 'Operate'; readonly options: OperateOptions }
  | { readonly event: 'Node'; readonly steps: number }
  | { readonly event: 'Wait'; readonly seconds: number }
  | { readonly event: 'Edit'; readonly spec: Partial<InfluxAddonSpec> }
  | { readonly event: 'Rotate'; readonly token: string }
  | { readonly event: 'RemoveChildren'; readonly children: readonly Damageable[] }
  | { readonly event: 'EditChild'; readonly child: Damageable; readonly draw: number }
  | { readonly event: 'Freeze'; readonly secret: FreezableSecret }
  | { readonly event: 'DamageDatabase'; readonly how: DatabaseDamage }
  | { readonly event: 'OutOfMemory' }
  | { readonly event: 'DeleteClaim' }
  | { readonly event: 'LoseVolume' }
  | { readonly event: 'BindVolumeAgain' }
  | { readonly event: 'Evict' }
  | { readonly event: 'App'; readonly what: AppEvent }
  | { readonly event: 'Obstacle'; readonly obstacle: Obstacle }
  | { readonly event: 'NoObstacle' }
  /** Fair rounds in which nothing else happens, but what stands in the way. */
  | { readonly event: 'Meanwhile'; readonly rounds: number };

const VERSIONS_WITH_BROKEN = [
  ...VERSIONS,
  {
    ...(VERSIONS[0] as (typeof VERSIONS)[number]),
    name: BROKEN_VERSION,
    image: `influxdb:${BROKEN_VERSION}`,
    lifecycle: 'Deprecated' as const, // so that it comes only to whom asks for it
  },
];

/** Of ten seconds each: long enough for one check of the database. */
const QUIET_ROUNDS = 6;

/** A namespace with one addon, one app, a node and an operator; every invariant is checked at every write. */
export class Simulation {
  now = NOW.getTime();
  readonly api = new ModelApi();
  readonly obstacles = new Obstacles(this.api);
  readonly node = new ModelNode(this.api, this.obstacles, ADDON);
  readonly restartRules = new RestartInvariants({
    api: this.api,
    node: this.node,
    obstacles: this.obstacles,
    addonName: ADDON,
    now: () => this.now,
  });
  readonly invariants = new Invariants(this.api, this.node, ADDON, () => this.restartRules.cause());
  readonly conduct = new Conduct(this.now, () => this.obstacles.count);
  readonly user = new User(this.api, this.node, ADDON);
  readonly operator = new ModelOperator({
    api: this.api,
    node: this.node,
    obstacles: this.obstacles,
    conduct: this.conduct,
    addonName: ADDON,
    fresh: countingFresh(),
    versions: VERSIONS_WITH_BROKEN,
    now: this.now,
    onTakenDry: () => this.restartRules.taken(),
  });

  constructor(spec: Partial<InfluxAddonSpec> = {}) {
    this.obstacles.onUndone = (target) => {
      if (target.startsWith('Deployment/')) this.restartRules.cause();
    };
    this.node.onPod = () => this.conduct.disturbed(this.now);
    this.createAddon(spec);
    this.user.app('Create');
  }

  createAddon(spec: Partial<InfluxAddonSpec>): void {
    const { metadata, ...addon } = addonOf(spec);
    const { name, namespace = '' } = metadata;
    this.api.create('InfluxAddon', { ...addon, metadata: { name, namespace } } as Stored);
    this.conduct.appeared(this.now);
    this.restartRules.cause();
  }

  get addon(): Live<InfluxAddon> | undefined {
    return this.api.get<InfluxAddon>('InfluxAddon', ADDON);
  }

  happen(event: SimulationEvent): void {
    this.conduct.disturbed(this.now);
    switch (event.event) {
      case 'Operate':
        this.operator.operate(this.now, event.options);
        break;
      case 'Node':
        for (let step = 0; step < event.steps; step += 1) this.node.step(this.now);
        break;
      case 'Wait':
        this.now += event.seconds * 1000;
        this.conduct.disturbed(this.now); // what was to be done by then is done at once
        this.operator.tick(this.now);
        break;
      case 'Edit':
        this.restartRules.cause();
        this.user.edit(event.spec);
        break;
      case 'Rotate':
        this.invariants.rotationAsked();
        this.user.rotate(event.token);
        break;
      case 'RemoveChildren':
        for (const child of event.children) this.user.removeChild(child);
        break;
      case 'EditChild':
        this.user.editChild(event.child, event.draw);
        break;
      case 'Freeze':
        // The next change of what it holds restarts the app twice.
        if (event.secret === 'urlSecret') this.invariants.cause();
        this.user.freeze(event.secret);
        break;
      case 'DamageDatabase':
        this.user.damageDatabase(event.how);
        break;
      case 'OutOfMemory':
        this.node.kill(this.now);
        break;
      case 'DeleteClaim':
        this.user.deleteClaim();
        break;
      case 'LoseVolume':
        this.node.loseVolume();
        break;
      case 'BindVolumeAgain':
        this.user.bindVolumeAgain();
        break;
      case 'Evict':
        this.node.evict();
        break;
      case 'App':
        this.restartRules.cause();
        this.user.app(event.what);
        break;
      case 'Obstacle':
        this.obstacles.begin(event.obstacle, this.now);
        break;
      case 'NoObstacle':
        this.obstacles.end();
        break;
      case 'Meanwhile':
        for (let round = 0; round < event.rounds; round += 1) this.fairRound();
        break;
    }
  }

  /** A round in which everything goes as it should: the operator works, the cluster moves, time goes by. */
  fairRound(seconds = 10): void {
    const healedAgainMs = this.#healedAgainMs();
    if (healedAgainMs > this.now) this.conduct.disturbed(healedAgainMs);
    this.now = Math.max(this.now, healedAgainMs);
    this.operator.operate(this.now);
    this.obstacles.step();
    this.node.step(this.now);
    this.node.step(this.now);
    this.now += seconds * 1000;
    this.operator.tick(this.now);
    this.conduct.looksAt(this.addon, this.now, !this.obstacles.isFailing);
  }

  /** As above, with promises that settle in between, as what tells of trouble needs it. */
  async live(event: SimulationEvent): Promise<void> {
    if (event.event === 'Meanwhile') return await this.meanwhile(event.rounds);
    this.happen(event);
    await this.#settled();
  }

  async meanwhile(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      this.fairRound();
      await this.#settled();
    }
  }

  async #settled(): Promise<void> {
    if (!this.operator.told) return;
    await setImmediate();
    this.operator.settled();
  }

  /** Fair rounds until the addon is ready, and has written nothing since it looked at its database again. */
  settle(rounds: number): void {
    let quiet = 0;
    for (let round = 0; round < rounds + QUIET_ROUNDS; round += 1) {
      const before = this.operator.writes.length;
      this.fairRound();
      quiet = this.isSettled() && this.operator.writes.length === before ? quiet + 1 : 0;
      if (quiet === QUIET_ROUNDS) return;
    }
    const status = JSON.stringify(this.addon?.status, null, 1);
    throw new Error(
      `not settled after ${rounds} rounds: ${this.operator.writes.slice(-8).join('; ')}; ${status}`,
    );
  }

  /** Somebody gives up what status says is lost. */
  giveUpData(): void {
    const token = () => this.addon?.metadata.annotations?.[Annotation.startEmpty];
    const before = token();
    this.user.giveUpData();
    if (token() !== before) this.conduct.disturbed(this.now);
  }

  /** Fair rounds until the addon, which is being deleted, is gone. */
  finishDeletion(rounds: number): void {
    this.conduct.disturbed(this.now);
    this.restartRules.cause();
    for (let round = 0; round < rounds && this.addon !== undefined; round += 1) this.fairRound();
    if (this.addon !== undefined) throw new Error(`not gone after ${rounds} rounds`);
    for (let round = 0; round < 3; round += 1) this.fairRound();
  }

  /** An administrator that was healed a moment ago is healed again after an hour: nobody waits for that in rounds. */
  #healedAgainMs(): number {
    const { at } = this.addon?.status?.dataPlane?.healing ?? {};
    const ready = this.addon?.status?.conditions?.find(({ type }) => type === 'Ready');
    const waits = ready?.message.includes('and is restarted again not before') === true;
    return at === undefined || !waits ? 0 : Date.parse(at) + 60 * 60_000;
  }

  isSettled(): boolean {
    const { addon } = this;
    const ready = addon?.status?.conditions?.find(({ type }) => type === 'Ready');
    const rotated = addon?.status?.rotation === undefined || addon.spec.state === 'Stopped';
    return (
      ready?.status === 'True' && rotated && addon?.status?.observedGeneration === addon?.metadata.generation
    );
  }
}
