import { expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { Simulation } from '../testing/model/simulation.ts';

const REFUSED = { plan: 'no-such-plan' };

it.each<[Partial<InfluxAddonSpec>, string]>([
  [{}, 'spec.plan'],
  [{ placement: { podLabels: { team: 'shop' } } }, 'spec.plan, spec.placement'],
  [{ connection: { prefix: 'METRICS' }, version: '1.7' }, 'spec.plan, spec.connection'],
  [{ tls: { mode: 'Required' } }, 'spec.tls, spec.plan'],
  [
    { access: { policy: 'Open' }, tls: { mode: 'Required' }, connection: { alias: '' } },
    'spec.access, spec.tls, spec.plan, spec.connection',
  ],
])('who reads that a spec is refused reads what of it is not in force: %j', (spec, fields) => {
  const simulation = new Simulation({ version: '1.7' });
  simulation.settle(20);
  simulation.happen({ event: 'Edit', spec: { version: '1.7', ...spec, ...REFUSED } });
  for (let round = 0; round < 10; round += 1) simulation.fairRound();
  const message = simulation.addon?.status?.conditions?.find(({ type }) => type === 'Stalled')?.message;
  expect(message).toMatch(/^spec\.plan: no-such-plan is not in the catalogue/);
  expect(message?.split('Not in force until then: ')[1]).toBe(`${fields}.`);
});
