import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../../api/influx-addon.ts';
import { conditionOf, edited, REFUSED, rounds, settled } from '../../testing/edited.ts';
import { ADDON, type Simulation } from '../../testing/model/simulation.ts';
import { childNames } from '../../world/names.ts';

const QUERY = 'SELECT mean(v) INTO cpu_1h FROM cpu GROUP BY time(1h), *';
const LISTED: Partial<InfluxAddonSpec> = {
  users: [
    { name: 'reader', access: 'Read' },
    { name: 'writer', access: 'All' },
  ],
  retentionPolicies: [{ name: 'week', duration: '7d' }],
  defaultRetentionPolicy: 'week',
  continuousQueries: [{ name: 'hourly', query: QUERY }],
};

const ready = (spec = LISTED): Simulation => settled(spec);

/** Users with their rights, and all else beside points. */
function contentsOf(simulation: Simulation) {
  const engine = simulation.node.engine();
  const users = [...(engine?.users ?? [])].map(([name, { grants }]) => [name, ...grants.values()].join(' '));
  const databases = [...(engine?.databases.values() ?? [])].map(({ policies, queries }) => ({
    policies: [...policies],
    queries: [...queries],
  }));
  return { users, databases };
}

/** Nothing inside the database is carried out of it but what takes away. */
describe('of a spec that is refused', () => {
  it.each<[string, Partial<InfluxAddonSpec>, string]>([
    [
      'new users',
      { users: [...(LISTED.users ?? []), { name: 'new', access: 'All' }] },
      'spec.users, spec.plan',
    ],
    [
      'more rights',
      {
        users: [
          { name: 'reader', access: 'All' },
          { name: 'writer', access: 'All' },
        ],
      },
      'spec.users, spec.plan',
    ],
    [
      'a new policy',
      { retentionPolicies: [...(LISTED.retentionPolicies ?? []), { name: 'day', duration: '1d' }] },
      'spec.plan, spec.retentionPolicies',
    ],
    [
      'another duration',
      { retentionPolicies: [{ name: 'week', duration: '14d' }] },
      'spec.plan, spec.retentionPolicies',
    ],
    [
      'no policies',
      { retentionPolicies: [], defaultRetentionPolicy: 'autogen' },
      'spec.plan, spec.retentionPolicies, spec.defaultRetentionPolicy',
    ],
    ['no queries', { continuousQueries: [] }, 'spec.plan, spec.continuousQueries'],
    [
      'another query',
      { continuousQueries: [{ name: 'hourly', query: QUERY.replace('mean', 'max') }] },
      'spec.plan, spec.continuousQueries',
    ],
    ['growth', { storage: { autoGrow: 'Enabled' } }, 'spec.plan, spec.storage.autoGrow'],
    ['an app', { apps: [{ name: 'web' }] }, 'spec.plan, spec.apps'],
    ['nothing of it', {}, 'spec.plan'],
  ])('%s: nothing is done, and it is told', (_, spec, fields) => {
    const simulation = ready();
    const before = contentsOf(simulation);
    edited(simulation, { ...spec, ...REFUSED });
    expect(conditionOf(simulation, 'Stalled')).toMatchObject({ status: 'True', reason: 'UnknownPlan' });
    expect(conditionOf(simulation, 'Stalled')?.message).toContain(`Not in force until then: ${fields}.`);
    expect(contentsOf(simulation)).toEqual(before);
    expect(simulation.operator.writes).toEqual([]);
  });

  it('what takes away is done: a user that is not listed any more goes, and rights', () => {
    const simulation = edited(ready(), { ...REFUSED, users: [{ name: 'writer', access: 'Read' }] });
    const { users } = contentsOf(simulation);
    expect(users.filter((user) => user.startsWith('reader'))).toEqual([]);
    expect(users.filter((user) => user.startsWith('writer'))).toEqual(['writer READ']);
    expect(simulation.api.get('Secret', `${childNames(ADDON).urlSecret}-user-reader`)).toBeUndefined();
    expect(conditionOf(simulation, 'Stalled')?.message).toMatch(/until then: spec\.plan\.$/);
  });

  it('what is in force is repaired', () => {
    const simulation = ready();
    const before = contentsOf(simulation);
    edited(simulation, { ...REFUSED, retentionPolicies: [], defaultRetentionPolicy: 'autogen' });
    simulation.happen({ event: 'DamageDatabase', how: 'DropContents' });
    simulation.happen({ event: 'DamageDatabase', how: 'DropDefaultPolicy' });
    for (let times = 0; times < 4; times += 1) rounds(simulation);
    const names = ({ users, databases }: typeof before) => [
      new Set(users.map((user) => user.split(' ')[0])),
      databases.map(({ policies, queries }) => [
        policies.map(([name]) => name).filter((name) => name !== 'autogen'),
        queries.map(([name]) => name),
      ]),
    ];
    expect(names(contentsOf(simulation))).toEqual(names(before));
  });

  it('what is in force stays also when the record of it is lost', () => {
    const simulation = ready();
    const names = () => new Set(contentsOf(simulation).users.map((user) => user.split(' ')[0]));
    const before = { users: names(), databases: contentsOf(simulation).databases };
    edited(simulation, { ...REFUSED, retentionPolicies: [], continuousQueries: [] });
    simulation.happen({ event: 'RemoveChildren', children: ['adminSecret'] });
    rounds(simulation);
    expect({ users: names(), databases: contentsOf(simulation).databases }).toEqual(before);
  });

  it('all of it comes at once when the rest is mended', () => {
    const users: InfluxAddonSpec['users'] = [{ name: 'new', access: 'All' }];
    const simulation = edited(ready(), { ...REFUSED, users, retentionPolicies: [], continuousQueries: [] });
    edited(simulation, { plan: '1g', defaultRetentionPolicy: 'autogen' });
    const { users: found, databases } = contentsOf(simulation);
    expect(found.some((user) => user.startsWith('new '))).toBe(true);
    expect(databases.map(({ queries }) => queries)).toEqual([[]]);
  });
});
