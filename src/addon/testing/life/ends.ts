import { expect } from 'vitest';
import { usersOf, variablesOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { wishesOf } from '../../../contents/wishes.ts';
import type { Secret } from '../../../kube/objects/kinds.ts';
import { ADMIN_KEY, ADMIN_USER } from '../../identity/admin-keys.ts';
import { isUsernameOf } from '../../identity/login.ts';
import { namesOf } from '../../identity/users.ts';
import { childNames } from '../../world/names.ts';
import { decode } from '../../world/secret-data.ts';
import type { Workload } from '../../world/world.ts';
import { variablesIn } from '../apps.ts';
import { passwordIn } from '../model/invariants.ts';
import { BY_HAND } from '../model/model-engine.ts';
import { ADDON, type Simulation, type SimulationEvent } from '../model/simulation.ts';

const names = childNames(ADDON);

/** Nothing is written, and status does not change. */
export function expectQuiet(simulation: Simulation, rounds: number): void {
  const { status } = simulation.addon ?? {};
  const writes = [...simulation.operator.writes];
  for (let round = 0; round < rounds; round += 1) simulation.fairRound(1);
  expect(simulation.operator.writes).toEqual(writes);
  expect(simulation.addon?.status).toBe(status);
}

export function secretOf(simulation: Simulation, name: string): Record<string, string> {
  return decode(simulation.api.get<Secret>('Secret', name));
}

export function expectOneDatabase(simulation: Simulation): void {
  const admin = secretOf(simulation, names.adminSecret);
  const id = admin[ADMIN_KEY.id] ?? '';
  const published = passwordIn(simulation.api.get<Secret>('Secret', names.urlSecret));
  expect(simulation.addon?.status?.id).toBe(id);
  expect(published).toBe(admin[ADMIN_KEY.password]);
  expect(secretOf(simulation, names.bindingSecret)['password']).toBe(published);
  const engine = simulation.node.answering();
  expect([...(engine?.databases.keys() ?? [])]).toEqual([id]);
  const username = admin[ADMIN_KEY.username] ?? '';
  expect(isUsernameOf(id, username)).toBe(true);
  expect(secretOf(simulation, names.bindingSecret)['username']).toBe(username);
  const listed = usersOf(simulation.addon as InfluxAddon).map(
    ({ name }) => namesOf({ id, username }, name).present,
  );
  const users = [...(engine?.users.keys() ?? [])].filter((name) => name !== BY_HAND);
  expect(users.toSorted()).toEqual([ADMIN_USER, username, ...listed].toSorted());
  const grants = new Map([[id, 'ALL PRIVILEGES']]);
  expect(engine?.users.get(username)).toEqual({ password: published, admin: false, grants });
  expect(engine?.users.get(ADMIN_USER)?.password).toBe(admin[ADMIN_KEY.adminPassword]);
}

/**
 * Policies, queries and users are as listed, with a Secret for each user; what is there beside them is made by hand. So
 * is, for safety, what was made while somebody took away the record that it is ours, before status had a copy of that.
 */
export function expectContents(simulation: Simulation, isRecordHarmed: boolean): void {
  const addon = simulation.addon as InfluxAddon;
  const [database] = simulation.node.answering()?.databases.values() ?? [];
  const { status } = addon;
  const byHand = [...(status?.retentionPolicies ?? []), ...(status?.continuousQueries ?? [])]
    .filter(({ listed }) => isRecordHarmed && !listed)
    .map(({ name }) => name);
  const others = (names: Iterable<string>) =>
    [...names].filter((name) => name !== BY_HAND && !byHand.includes(name)).toSorted();
  const { retentionPolicies, defaultPolicy, continuousQueries, users } = wishesOf(addon);
  expect(database?.defaultPolicy).toBe(defaultPolicy);
  for (const { name, ...durations } of retentionPolicies)
    expect(database?.policies.get(name)).toEqual(durations);
  const policies = others(database?.policies.keys() ?? []).filter((name) => name !== 'autogen');
  const wanted = retentionPolicies.map(({ name }) => name).filter((name) => name !== 'autogen');
  expect(policies).toEqual(wanted.toSorted());
  expect(others(database?.queries.keys() ?? [])).toEqual(continuousQueries.map(({ name }) => name));
  for (const { name, query } of continuousQueries) {
    const shown = database?.queries.get(name) ?? '';
    expect(shown.startsWith(`${defaultPolicy}: `)).toBe(true);
    expect(shown).toContain(`BEGIN ${query}
END`);
  }
  const id = addon.status?.id ?? '';
  for (const { name, privilege } of users) {
    const { password, username, uri = '' } = secretOf(simulation, `my-app-influx-user-${name}`);
    const published = secretOf(simulation, names.bindingSecret)['username'] ?? '';
    expect(username).toBe(namesOf({ id, username: published }, name).present);
    expect(new URL(uri).password).toBe(password);
    const user = simulation.node.answering()?.users.get(username ?? '');
    expect(user).toMatchObject({ password, admin: false });
    expect(user?.grants.get(id)).toBe(privilege === 'ALL' ? 'ALL PRIVILEGES' : privilege);
  }
  const secrets = [...simulation.api.entries()].filter(([key]) =>
    key.startsWith('Secret/my-app-influx-user-'),
  );
  expect(secrets).toHaveLength(users.length);
}

export function harmsRecord(happening: SimulationEvent): boolean {
  if (happening.event === 'RemoveChildren') return happening.children.includes('adminSecret');
  if (happening.event === 'Obstacle')
    return 'target' in happening.obstacle && happening.obstacle.target.endsWith(names.adminSecret);
  return happening.event === 'EditChild' && happening.child === 'adminSecret';
}

/** Whoever puts variables back into an app once it is unbound has them for an own entry. */
export function putsBack(happening: SimulationEvent): boolean {
  if (happening.event !== 'Obstacle' || happening.obstacle.what !== 'Undone') return false;
  return happening.obstacle.target.startsWith('Deployment/');
}

export function expectBoundApp(simulation: Simulation): void {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  const { addon } = simulation;
  if (app === undefined || addon === undefined) return;
  const { apps = [] } = addon.spec;
  const condition = addon.status?.conditions?.find(({ type }) => type === 'AppsCurrent');
  const variables = variablesIn(app, 'web');
  if (apps.length === 0) expect(variables).toEqual([]);
  else expect(simulation.node.appSaw).toBe(simulation.node.served());
  if (apps.length > 0 && condition?.reason !== 'BindingContested')
    expect(variables.toSorted()).toEqual(variablesOf(addon).toSorted());
  // What was called otherwise a moment ago is there, too, and is the same.
  const urls = secretOf(simulation, names.urlSecret);
  expect(Object.keys(urls)).toEqual(expect.arrayContaining(variables));
  expect(new Set(Object.values(urls)).size).toBe(1);
}

export function expectNoVariables(simulation: Simulation): void {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  if (app !== undefined) expect(variablesIn(app, 'web')).toEqual([]);
}
