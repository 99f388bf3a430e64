import { Annotation } from '../../../src/api/annotations.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../../../src/api/influx-addon.ts';
import type { InfluxRestore } from '../../../src/api/influx-restore.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { CHILDREN } from '../../../src/addon/children/index.ts';
import { withIntentHash } from '../../../src/addon/children/intent/merge.ts';
import { decide } from '../../../src/addon/decide.ts';
import { withApiDefaults } from '../../../src/addon/testing/api-defaults.ts';
import { REFUSED } from '../../../src/addon/testing/edited.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  live,
  NO_CHILDREN,
  NOW,
  worldOf,
} from '../../../src/addon/testing/fixtures.ts';
import { podOf } from '../../../src/addon/testing/pods.ts';
import type { World } from '../../../src/addon/world/world.ts';
import { BROKEN_VERSION } from '../../../src/addon/testing/model/model-node.ts';
import type { Stored } from '../../../src/addon/testing/model/model-api.ts';
import { ADDON, Simulation } from '../../../src/addon/testing/model/simulation.ts';

/** As the API server shows them. */
const TYPE = { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxAddon' };

export type Told = InfluxAddon & { readonly metadata: Live<InfluxAddon>['metadata'] };

const RAN: InfluxAddon['status'] = {
  plan: '1g',
  version: '1.8.10',
  dataPlane: { revision: 'another', verifiedAt: NOW.toISOString() },
};
const CHILDREN_OF_ALL = storedChildren();
const SLOTS = Object.entries(CHILDREN_OF_ALL).filter(([, child]) => child !== undefined) as [
  string,
  Live<KubeObject>,
][];
const NO_DATABASE = { ...NO_CHILDREN, adminSecret: CHILDREN_OF_ALL.adminSecret };

/** Addons with every status that the operator's decisions come to in these stories and worlds. */
export function toldAddons(): Told[] {
  return [...storedInStories(), ...WORLDS.map(decided)];
}

function storedInStories(): Told[] {
  return STORIES.flatMap(({ spec, story }) => {
    const found: Told[] = [];
    const simulation = new Simulation(spec);
    simulation.api.watch((before, after) => {
      if (after?.kind !== TYPE.kind || after.status === before?.status) return;
      found.push({ ...(after as unknown as Told), ...TYPE });
    });
    simulation.settle(20);
    story(simulation);
    return found;
  });
}

/** What the model of a cluster has not: a scheduler, restores, certificates. */
const WORLDS: readonly Partial<World>[] = [
  { pod: podOf({ conditions: [unscheduled()] }) },
  {
    addon: addonOf({}, { status: { ...RAN, endpoint: 'https://my-app-influx.shop.svc.cluster.local:8086' } }),
  },
  {
    addon: addonOf({ restoreFrom: { backupRef: { name: 'mine' } } }),
    children: NO_DATABASE,
    restores: [restoreOf()],
  },
];

/** What is told once all that is to be made was made. */
function decided(given: Partial<World>): Told {
  let world = worldOf({ children: CHILDREN_OF_ALL, ...given });
  for (let pass = 0; pass < 5; pass += 1) {
    const { actions, status } = decide(world, { now: NOW, fresh: countingFresh() });
    if (status !== undefined) return { ...world.addon, ...TYPE, status };
    const made = actions.flatMap((action) => {
      if (action.do !== 'create') throw new Error(`nobody expects ${action.do}`);
      const { name } = action.object.metadata ?? {};
      const [slot] = SLOTS.find(([, is]) => is.kind === action.kind.kind && is.metadata.name === name) ?? [];
      return slot === undefined ? [] : [[slot, live(withApiDefaults(action.object))]];
    });
    world = { ...world, children: { ...world.children, ...Object.fromEntries(made) } };
  }
  throw new Error('no end of what is to be made');
}

interface Story {
  readonly spec: Partial<InfluxAddonSpec>;
  readonly story: (simulation: Simulation) => void;
}

const INJECT = { apps: [{ name: 'web', env: 'Inject' as const }] };

const STORIES: readonly Story[] = [
  {
    spec: { ...INJECT, version: '1.8.5' },
    story: (simulation) => {
      edit(simulation, { plan: '512m' });
      slowly(simulation, { version: '1.8.10' });
      edit(simulation, { apps: [...INJECT.apps, { name: 'no-such-app' }] });
      edit(simulation, { state: 'Stopped' });
      edit(simulation, { state: 'Running' });
      edit(simulation, REFUSED);
      edit(simulation, { plan: '1g' });
      annotate(simulation, 'true');
      rounds(simulation);
      annotate(simulation, undefined);
      rounds(simulation);
    },
  },
  { spec: {}, story: (simulation) => edit(simulation, { version: BROKEN_VERSION }) },
  {
    spec: { ...INJECT, deletionPolicy: 'Delete' },
    story: (simulation) => {
      simulation.user.deleteAddon();
      simulation.finishDeletion(20);
    },
  },
];

/** With an app whose new pod takes its time. */
function slowly(simulation: Simulation, spec: Partial<InfluxAddonSpec>): void {
  const app = () => simulation.api.get('Deployment', 'web')?.metadata.generation;
  const before = app();
  simulation.happen({ event: 'Edit', spec });
  for (let round = 0; round < 15; round += 1) {
    simulation.operator.operate(simulation.now);
    if (app() === before) simulation.node.step(simulation.now);
    simulation.now += 10_000;
    simulation.operator.tick(simulation.now);
  }
  rounds(simulation);
}

function edit(simulation: Simulation, spec: Partial<InfluxAddonSpec>): void {
  simulation.happen({ event: 'Edit', spec });
  rounds(simulation);
}

function rounds(simulation: Simulation): void {
  for (let round = 0; round < 15; round += 1) simulation.fairRound();
}

function annotate(simulation: Simulation, value: string | undefined): void {
  simulation.api.change('InfluxAddon', ADDON, (object: Stored) => ({
    ...object,
    metadata: { ...object.metadata, annotations: value === undefined ? {} : { [Annotation.paused]: value } },
  }));
}

function storedChildren(): World['children'] {
  const context = contextOf();
  const built = CHILDREN.flatMap(({ slot, build }) => {
    const intent = build(context);
    return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
  });
  return { ...NO_CHILDREN, ...(Object.fromEntries(built) as Partial<World['children']>) };
}

function unscheduled() {
  const since = new Date(NOW.getTime() - 60_000).toISOString();
  const message = '0/1 nodes are available: 1 Insufficient memory.';
  return {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: since,
  };
}

/** The one by which a new addon is filled; it has not begun. */
function restoreOf(): Live<InfluxRestore> {
  const owner = { apiVersion: TYPE.apiVersion, kind: TYPE.kind, name: ADDON, uid: 'addon-uid' };
  return live({
    metadata: { name: 'my-app-restore', namespace: 'shop', ownerReferences: [owner] },
    spec: { backupRef: { name: 'mine' }, addonRef: { name: ADDON }, overwrite: 'my_app_3707' },
  });
}
