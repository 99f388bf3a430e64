import { expect, test } from 'vitest';
import type { InfluxAddonStatus } from '../../../api/influx-addon.ts';
import { addonOf } from '../../../addon/testing/fixtures.ts';
import { Simulation } from '../../../addon/testing/model/simulation.ts';
import { Given } from '../../command/given-options.ts';
import type { Context } from '../../command/verb.ts';
import { list } from './users.ts';

const READER = { name: 'reader', access: 'Read' as const };

/** What `users list` prints of an addon with this user, without the header: the first three columns. */
async function listed(users: InfluxAddonStatus['users']): Promise<string[]> {
  const addon = addonOf({ users: [READER] }, { status: { users: users ?? [] } });
  const client = { get: () => Promise.resolve(addon) };
  const said: string[] = [];
  const context = {
    given: new Given({}, ['my-app']),
    terminal: { say: (line: string) => said.push(line) },
    cluster: () => Promise.resolve({ client, namespace: 'shop' }),
  };
  await list(context as unknown as Context);
  return said.slice(1).map((line) => line.split(/ {3,}/).slice(0, 3).join(', '));
}

test('a listed user is one line, before, during and after a rotation', async () => {
  const simulation = new Simulation({ apps: [{ name: 'web', env: 'Inject' }], users: [READER] });
  simulation.settle(20);
  const seen = new Set<string>();
  simulation.happen({ event: 'Rotate', token: 'a' });
  for (let round = 0; round < 20; round += 1) {
    simulation.fairRound(5);
    const users = simulation.addon?.status?.users;
    seen.add((users ?? []).map(({ name }) => name).join(' '));
    expect(await listed(users)).toEqual(['reader, Read, yes']);
  }
  expect([...seen]).toEqual(expect.arrayContaining(['reader reader_b', 'reader_b']));
});

test.each<[what: string, user: NonNullable<InfluxAddonStatus['users']>[number], line: string]>([
  ['whom the spec does not list', { name: 'grafana', listed: false }, 'grafana, its own, no'],
  ['who may do everything', { name: 'root', listed: false, administrator: true }, 'root, administrator, no'],
  ['whose name is like that of a second login', { name: 'reader_b', listed: false }, 'reader_b, its own, no'],
  ['whose removal is under way', { name: 'old_b', listed: true }, 'old_b, being dropped, no'],
])('a user %s has a line of its own', async (_, user, line) => {
  expect(await listed([{ name: 'reader', listed: true }, user])).toEqual(['reader, Read, yes', line]);
});
