import { expect, it } from 'vitest';
import type { Pod, Service } from '../../kube/objects/kinds.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { childNames } from '../world/names.ts';

const names = childNames(ADDON);

/** A container that admission has put into the pod comes up, or does not. */
function beside(simulation: Simulation, isUp: boolean): void {
  simulation.api.change('Pod', names.pod, (object) => {
    const pod = object as Pod;
    const lastTransitionTime = new Date(simulation.now).toISOString();
    const conditions = [{ type: 'Ready', status: isUp ? 'True' : 'False', lastTransitionTime }];
    const engine = pod.status?.containerStatuses?.find(({ name }) => name === 'influxdb');
    const state = isUp ? { running: {} } : { waiting: { reason: 'CrashLoopBackOff' } };
    const proxy = { name: 'istio-proxy', image: 'proxy:1', imageID: '', restartCount: 3, ready: isUp, state };
    const containerStatuses = [{ ...engine, ready: true }, proxy];
    return { ...pod, status: { ...pod.status, conditions, containerStatuses } };
  });
}

const service = (simulation: Simulation) => simulation.api.get<Service>('Service', names.service);
const condition = (simulation: Simulation, type: string) =>
  simulation.addon?.status?.conditions?.find((each) => each.type === type);
const writes = (simulation: Simulation) => simulation.operator.writes.slice();

it('leads past a container of others that keeps the pod from being ready, which is named, with one write', () => {
  const simulation = new Simulation({ apps: [{ name: 'web', env: 'Inject' }] });
  simulation.settle(20);
  const before = writes(simulation);
  beside(simulation, true);
  simulation.settle(20);
  expect(writes(simulation)).toEqual(before);

  beside(simulation, false);
  simulation.settle(20);
  expect(service(simulation)?.spec?.publishNotReadyAddresses).toBe(true);
  expect(writes(simulation).slice(before.length)).toEqual([
    expect.stringContaining(`replace Service ${names.service}`),
  ]);
  const ready = condition(simulation, 'Ready');
  expect(ready).toMatchObject({ status: 'True', reason: 'Ready' });
  expect(ready?.message).toContain(
    'container istio-proxy, which somebody else has put into the pod, is not ready',
  );
  expect(condition(simulation, 'Available')?.status).toBe('True');

  for (const isUp of [true, false, true]) {
    beside(simulation, isUp);
    simulation.settle(20);
  }
  expect(writes(simulation)).toHaveLength(before.length + 1);
  expect(condition(simulation, 'Ready')?.message).not.toContain('istio-proxy');

  // The next pod has none of it.
  simulation.happen({ event: 'Evict' });
  simulation.settle(20);
  expect(service(simulation)?.spec).not.toHaveProperty('publishNotReadyAddresses');
  expect(writes(simulation)).toHaveLength(before.length + 2);
});
