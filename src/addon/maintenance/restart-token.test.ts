import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Deployment, Pod } from '../../kube/objects/kinds.ts';
import { addonOf, inForce, worldOf } from '../testing/fixtures.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { childNames, restartedForKey } from '../world/names.ts';
import type { World } from '../world/world.ts';
import { restartHandled, withRestart } from './restart-token.ts';

const KEY = 'influxaddon.dev/restart';
const names = childNames(ADDON);
const INJECT: Partial<InfluxAddonSpec> = { apps: [{ name: 'web', env: 'Inject' }] };

function annotated(simulation: Simulation, annotations: Record<string, string>): void {
  simulation.api.change('InfluxAddon', ADDON, (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
  }));
}

function ready(spec: Partial<InfluxAddonSpec> = INJECT): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  return simulation;
}

function podUid(simulation: Simulation): string | undefined {
  return simulation.api.get<Pod>('Pod', names.pod)?.metadata.uid;
}

/** Of all pods that were there after one of these rounds. */
function podsOver(simulation: Simulation, rounds: number): Set<string> {
  const seen = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    simulation.fairRound();
    const uid = podUid(simulation);
    if (uid !== undefined) seen.add(uid);
  }
  return seen;
}

function handled(simulation: Simulation): string | undefined {
  return simulation.addon?.status?.lastHandled?.restart;
}

function appMark(simulation: Simulation): string | undefined {
  const app = simulation.api.get<Deployment>('Deployment', 'web');
  return app?.spec?.template.metadata?.annotations?.[restartedForKey(ADDON)];
}

describe('a token of influxaddon.dev/restart', () => {
  it('restarts the database once, and no app', () => {
    const simulation = ready();
    const [before, mark] = [podUid(simulation), appMark(simulation)];
    annotated(simulation, { [KEY]: 'a' });
    const after = podsOver(simulation, 20);
    after.delete(before ?? '');
    expect([after.size, handled(simulation), appMark(simulation)]).toEqual([1, 'a', mark]);
    simulation.settle(20);
    annotated(simulation, { [KEY]: 'b' });
    podsOver(simulation, 20);
    expect(after).not.toContain(podUid(simulation));
    expect(handled(simulation)).toBe('b');
  });

  it.each([1, 2, 3, 4, 5, 6])('restarts once also when the operator dies after %i actions', (actions) => {
    const simulation = ready();
    const before = podUid(simulation) ?? '';
    annotated(simulation, { [KEY]: 'a' });
    simulation.happen({ event: 'Operate', options: { actions, end: 'Crash', stale: new Set() } });
    const after = podsOver(simulation, 20);
    after.delete(before);
    expect([after.size, handled(simulation)]).toEqual([1, 'a']);
  });

  it('asks for nothing on an object that is made with it, also one that adopts', () => {
    const simulation = new Simulation({});
    annotated(simulation, { [KEY]: 'a' });
    expect(podsOver(simulation, 20).size).toBe(1);
    expect(handled(simulation)).toBe('a');
    annotated(simulation, { [KEY]: 'b' });
    simulation.settle(20);
    simulation.user.deleteAddon();
    for (let round = 0; round < 5; round += 1) simulation.fairRound();
    simulation.createAddon({});
    annotated(simulation, { [KEY]: 'c' });
    expect(podsOver(simulation, 20).size).toBe(1);
    expect(handled(simulation)).toBe('c');
  });

  it('waits while the database is stopped, and is handled by its start', () => {
    const simulation = ready();
    simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
    simulation.settle(20);
    annotated(simulation, { [KEY]: 'a' });
    podsOver(simulation, 5);
    expect([podUid(simulation), handled(simulation)]).toEqual([undefined, undefined]);
    simulation.happen({ event: 'Edit', spec: { state: 'Running' } });
    expect(podsOver(simulation, 20).size).toBe(1);
    expect(handled(simulation)).toBe('a');
  });

  it('counts under a spec that is refused, of which nothing comes along', () => {
    const simulation = ready();
    const before = podUid(simulation) ?? '';
    const wish = { plan: 'no-such-plan', placement: { nodeSelector: { disk: 'ssd' } } };
    simulation.happen({ event: 'Edit', spec: wish });
    annotated(simulation, { [KEY]: 'a' });
    const after = podsOver(simulation, 20);
    after.delete(before);
    expect([after.size, handled(simulation)]).toEqual([1, 'a']);
    expect(simulation.api.get<Pod>('Pod', names.pod)?.spec?.nodeSelector?.['disk']).toBeUndefined();
  });

  it.each([
    ['', {}],
    [', also under a spec that is refused', { plan: 'no-such-plan' }],
  ])('ends no pod while its successor would be refused%s: that is told, and it comes later', (_, wish) => {
    const simulation = ready();
    const before = podUid(simulation) ?? '';
    simulation.happen({ event: 'Edit', spec: wish });
    simulation.obstacles.begin({ what: 'Refused', target: `Pod/${names.pod}` }, simulation.now);
    annotated(simulation, { [KEY]: 'a' });
    expect([...podsOver(simulation, 10), handled(simulation)]).toEqual([before, undefined]);
    const stalled = simulation.addon?.status?.conditions?.find(({ type }) => type === 'Stalled');
    expect(stalled?.message).toContain(`Pod/${names.pod} is refused`);
    simulation.obstacles.end();
    const after = podsOver(simulation, 60);
    after.delete(before);
    expect([after.size, handled(simulation)]).toEqual([1, 'a']);
  });

  it.each(['of a paused addon', 'while the claim is being deleted'])('waits: %s', (what) => {
    const simulation = ready();
    const before = podUid(simulation);
    if (what.includes('paused')) annotated(simulation, { 'influxaddon.dev/paused': 'true' });
    else simulation.happen({ event: 'DeleteClaim' });
    annotated(simulation, { [KEY]: 'a' });
    podsOver(simulation, 5);
    expect([podUid(simulation), handled(simulation)]).toEqual([before, undefined]);
  });

  it('waits for a restore that is under way', () => {
    const status = { observedGeneration: 1, dataPlane: { revision: 'r' } };
    const addon = addonOf({}, { status, metadata: { annotations: { [KEY]: 'a' } } });
    const restore = { metadata: { name: 'r' }, status: { startedAt: '2030-01-01T00:00:00Z', attempts: 1 } };
    const restores = [restore] as unknown as World['restores'];
    const current = inForce();
    expect(withRestart(worldOf({ addon, restores }), current, current)).toEqual(current);
    expect(withRestart(worldOf({ addon }), current, current)).toEqual({ ...current, restartedFor: 'a' });
    expect(restartHandled(addon, current)).toBeUndefined();
    expect(restartHandled(addon, { ...current, restartedFor: 'a' })).toBe('a');
  });
});
