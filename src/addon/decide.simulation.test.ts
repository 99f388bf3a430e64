import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../test/size.ts';
import { usersOf, variablesOf } from '../api/addon-defaults.ts';
import type { InfluxAddon, InfluxAddonSpec } from '../api/influx-addon.ts';
import { wishesOf } from '../contents/wishes.ts';
import type { Secret } from '../kube/objects/kinds.ts';
import { ADMIN_KEY, ADMIN_USER } from './identity/admin-keys.ts';
import { decode } from './world/secret-data.ts';
import { childNames } from './world/names.ts';
import { isUsernameOf } from './identity/login.ts';
import { namesOf } from './identity/users.ts';
import { passwordIn } from './testing/model/invariants.ts';
import { BY_HAND } from './testing/model/model-engine.ts';
import { BROKEN_VERSION } from './testing/model/model-node.ts';
import { ADDON, Simulation, type SimulationEvent } from './testing/model/simulation.ts';
import { DAMAGEABLE } from './testing/model/user.ts';
import { variablesIn } from './testing/apps.ts';
import type { Workload } from './world/world.ts';

const names = childNames(ADDON);
const KEYS = [
  'InfluxAddon/my-app',
  'Pod/my-app-influx-0',
  'PersistentVolumeClaim/my-app-influx-data',
  'Secret/my-app-influx',
  'Secret/my-app-influx-admin',
  'Secret/my-app-influx-admin-copy',
  'Secret/my-app-influx-binding',
  'StatefulSet/my-app-influx',
  'Deployment/web',
];

const operate: fc.Arbitrary<SimulationEvent> = fc.record({
  event: fc.constant('Operate' as const),
  options: fc.record({
    actions: fc.oneof(fc.nat(12), fc.constant(Infinity)),
    end: fc.constantFrom('Crash' as const, 'AnswerLost' as const),
    stale: fc.subarray(KEYS).map((keys) => new Set(keys)),
  }),
});

const QUERY = 'SELECT mean(v) INTO b FROM a GROUP BY time(1h)';
const CONTENTS: Partial<InfluxAddonSpec>[] = [
  { retentionPolicies: [{ name: 'week', duration: '7d' }], defaultRetentionPolicy: 'week' },
  {
    retentionPolicies: [
      { name: 'autogen', duration: '30d' },
      { name: 'day', duration: '1d', shardDuration: '2h' },
    ],
    defaultRetentionPolicy: 'autogen',
  },
  { retentionPolicies: [], defaultRetentionPolicy: 'autogen' },
  { continuousQueries: [{ name: 'hourly', query: QUERY }], users: [] },
  { continuousQueries: [{ name: 'hourly', query: `${QUERY}, *` }] },
  { continuousQueries: [], users: [{ name: 'reader', access: 'Read' }] },
  {
    users: [
      { name: 'reader', access: 'All' },
      { name: 'writer', access: 'Write' },
    ],
  },
];

const edit: fc.Arbitrary<SimulationEvent> = fc
  .constantFrom<Partial<InfluxAddonSpec>>(
    { plan: '512m' },
    { plan: '2g' },
    { plan: 'none' },
    { state: 'Stopped' },
    { state: 'Running' },
    { version: '1.8.10' },
    { version: BROKEN_VERSION },
    { version: '1.7' },
    { apps: [{ name: 'web', env: 'Inject' }] },
    { apps: [{ name: 'web' }] },
    { apps: [] },
    { connection: { prefix: 'METRICS', alias: '' } },
    { deletionPolicy: 'Delete' },
    { deletionPolicy: 'Retain' },
    { access: { policy: 'Bound' } },
    { access: { policy: 'Open' } },
    { storage: { autoGrow: 'Enabled' } },
    ...CONTENTS,
  )
  .map((spec) => ({ event: 'Edit', spec }));

const damage: fc.Arbitrary<SimulationEvent> = fc.oneof(
  fc.record({ event: fc.constant('RemoveChildren' as const), children: fc.subarray([...DAMAGEABLE]) }),
  fc.record({
    event: fc.constant('EditChild' as const),
    child: fc.constantFrom(...DAMAGEABLE),
    draw: fc.nat(9),
  }),
  fc.record({
    event: fc.constant('Freeze' as const),
    secret: fc.constantFrom('adminSecret', 'urlSecret', 'bindingSecret', 'adminCopy'),
  }),
  fc.record({
    event: fc.constant('DamageDatabase' as const),
    how: fc.constantFrom(
      'DropAdministrator' as const,
      'DropDatabase' as const,
      'DropUser' as const,
      'ChangePassword' as const,
      'RevokeGrant' as const,
      'MakeAdministrator' as const,
      'DropDefaultPolicy' as const,
      'FillVolume' as const,
      'OverfillVolume' as const,
      'AddSeries' as const,
      'DropContents' as const,
      'ChangeContents' as const,
      'MakeByHand' as const,
    ),
  }),
  fc.record({ event: fc.constantFrom('OutOfMemory' as const, 'DeleteClaim' as const, 'Evict' as const) }),
  fc.record({
    event: fc.constant('App' as const),
    what: fc.constantFrom(
      'Reapply' as const,
      'Change' as const,
      'Change' as const,
      'Delete' as const,
      'Create' as const,
    ),
  }),
);

const rotate: fc.Arbitrary<SimulationEvent> = fc
  .constantFrom('a', 'b', 'c')
  .map((token) => ({ event: 'Rotate', token }));

const node = fc.record({ event: fc.constant('Node' as const), steps: fc.integer({ min: 1, max: 6 }) });
const wait = fc.record({ event: fc.constant('Wait' as const), seconds: fc.integer({ min: 1, max: 90 }) });

const story = fc.array(
  fc.oneof({ weight: 4, arbitrary: operate }, { weight: 3, arbitrary: node }, wait, edit, damage, rotate),
  { minLength: 4, maxLength: 16 },
);

/** What a user asks for in the end; a plan and a version that can be had. */
const lastWish = fc.record({
  plan: fc.constantFrom('512m', '1g'),
  version: fc.constant('1.8.10'),
  state: fc.constantFrom('Running' as const, 'Running' as const, 'Stopped' as const),
  apps: fc.constantFrom<NonNullable<InfluxAddonSpec['apps']>>([{ name: 'web', env: 'Inject' }], []),
  contents: fc.subarray(CONTENTS).map((parts): Partial<InfluxAddonSpec> => Object.assign({}, ...parts)),
});

/** `make chaos` plays more of them. */
const STORIES = Number(process.env['SIMULATIONS'] ?? pick(200, 700));

/** For a machine that is busy with something else. */
const TIMEOUT_MS = 180 * Math.max(1_000, STORIES);

function play(events: readonly SimulationEvent[], wish: Partial<InfluxAddonSpec>): Simulation {
  const simulation = new Simulation({ apps: [{ name: 'web', env: 'Inject' }] });
  for (const event of events) simulation.happen(event);
  // A first version that cannot be had is taken back only while its pod shows that it never began: so start it first.
  const states = wish.state === 'Stopped' ? (['Running', 'Stopped'] as const) : (['Running'] as const);
  for (const state of states) {
    simulation.happen({ event: 'Edit', spec: { ...wish, state } });
    giveUpWhatIsLost(simulation);
    simulation.settle(20);
  }
  return simulation;
}

/** A volume that somebody deleted is told of, and given up for good by somebody: a deletion cannot be taken back. */
function giveUpWhatIsLost(simulation: Simulation): void {
  for (let round = 0; round < 12; round += 1) {
    simulation.fairRound();
    simulation.user.giveUpData();
  }
}

/** Nothing is written, and status does not change. */
function expectQuiet(simulation: Simulation, rounds: number): void {
  const { status } = simulation.addon ?? {};
  const writes = [...simulation.operator.writes];
  for (let round = 0; round < rounds; round += 1) simulation.fairRound(1);
  expect(simulation.operator.writes).toEqual(writes);
  expect(simulation.addon?.status).toBe(status);
}

function secretOf(simulation: Simulation, name: string): Record<string, string> {
  return decode(simulation.api.get<Secret>('Secret', name));
}

function expectOneDatabase(simulation: Simulation): void {
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
function expectContents(simulation: Simulation, isRecordHarmed: boolean): void {
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

function harmsRecord(happening: SimulationEvent): boolean {
  if (happening.event === 'RemoveChildren') return happening.children.includes('adminSecret');
  return happening.event === 'EditChild' && happening.child === 'adminSecret';
}

function expectBoundApp(simulation: Simulation): void {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  const { addon } = simulation;
  if (app === undefined || addon === undefined) return;
  const { apps = [] } = addon.spec;
  const condition = addon.status?.conditions?.find(({ type }) => type === 'AppsCurrent');
  const variables = variablesIn(app, 'web');
  if (apps.length === 0) expect(variables).toEqual([]);
  else expect(simulation.node.appSaw).toBe(simulation.node.served());
  if (apps.length > 0 && condition?.reason !== 'BindingContested')
    expect(variables).toEqual(variablesOf(addon));
  // What was called otherwise a moment ago is there, too, and is the same.
  const urls = secretOf(simulation, names.urlSecret);
  expect(Object.keys(urls)).toEqual(expect.arrayContaining(variables));
  expect(new Set(Object.values(urls)).size).toBe(1);
}

describe('whatever happens to the operator, its view, the children and the database', () => {
  it(
    'the addon ends with what was asked for: one database, one user, one password that works',
    () => {
      const property = fc.property(story, lastWish, (events, { contents, ...basics }) => {
        const wish = { ...basics, ...contents };
        const simulation = play(events, wish);
        expectQuiet(simulation, 50);
        if (wish.state === 'Stopped') {
          expect(simulation.node.answering()).toBeUndefined();
          return;
        }
        expectOneDatabase(simulation);
        expectContents(simulation, events.some(harmsRecord));
        expectBoundApp(simulation);
      });
      fc.assert(property, { numRuns: STORIES });
    },
    TIMEOUT_MS,
  );

  it(
    'a deleted addon leaves volume and credentials under Retain, from which one of its name goes on',
    () => {
      const property = fc.property(story, (events) => {
        const simulation = play(events, { plan: '1g', version: '1.8.10', deletionPolicy: 'Retain' });
        const before = secretOf(simulation, names.adminSecret);
        simulation.user.deleteAddon();
        simulation.finishDeletion(5);
        expect(secretOf(simulation, names.adminSecret)).toEqual(before);
        expect(simulation.api.get('Secret', names.urlSecret)).toBeUndefined();
        expectNoVariables(simulation);
        simulation.createAddon({ version: '1.8.10' });
        simulation.settle(20);
        expectOneDatabase(simulation);
        expect(secretOf(simulation, names.adminSecret)[ADMIN_KEY.password]).toBe(before[ADMIN_KEY.password]);
      });
      fc.assert(property, { numRuns: pick(50, 200) });
    },
    TIMEOUT_MS,
  );

  it(
    'a deleted addon leaves nothing under Delete',
    () => {
      const property = fc.property(story, (events) => {
        const simulation = play([], {});
        for (const event of events) simulation.happen(event);
        const wish = { plan: '2g', version: '1.8.10', deletionPolicy: 'Delete' } as const;
        simulation.happen({ event: 'Edit', spec: wish });
        const isAccepted = () => simulation.addon?.status?.accepted?.deletionPolicy === 'Delete';
        for (let round = 0; round < 10 && !isAccepted(); round += 1) simulation.fairRound();
        const { spec, status } = simulation.addon ?? {};
        expect(isAccepted() ? [] : [spec, status?.conditions]).toEqual([]);
        simulation.user.deleteAddon();
        simulation.finishDeletion(10);
        expectNoVariables(simulation);
        const left = [...simulation.api.entries()].map(([key]) => key);
        expect(left.filter((key) => key !== 'Deployment/web')).toEqual([]);
      });
      fc.assert(property, { numRuns: pick(50, 200) });
    },
    TIMEOUT_MS,
  );
});

function expectNoVariables(simulation: Simulation): void {
  const app = simulation.api.get<Workload>('Deployment', 'web');
  if (app !== undefined) expect(variablesIn(app, 'web')).toEqual([]);
}
