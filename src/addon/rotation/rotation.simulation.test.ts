import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick } from '../../../test/size.ts';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { ADMIN_KEY, ADMIN_USER } from '../identity/admin-keys.ts';
import { decode } from '../world/secret-data.ts';
import { childNames, userSecretName } from '../world/names.ts';
import { ADDON, Simulation, type SimulationEvent } from '../testing/model/simulation.ts';

const names = childNames(ADDON);
const INJECT = { apps: [{ name: 'web', env: 'Inject' as const }] };
const NOTHING_STALE: ReadonlySet<string> = new Set();
const TIMEOUT_MS = 180_000;

/** An addon whose app logs in, and has to be able to from now on, whatever happens. */
function ready(spec: Partial<InfluxAddonSpec> = INJECT): Simulation {
  const simulation = new Simulation(spec);
  simulation.settle(20);
  simulation.invariants.appsCanLogIn = true;
  return simulation;
}

function secretOf(simulation: Simulation, name: string): Record<string, string> {
  return decode(simulation.api.get<Secret>('Secret', name));
}

function credentials(simulation: Simulation) {
  const admin = secretOf(simulation, names.adminSecret);
  const { username, password } = secretOf(simulation, names.bindingSecret);
  return { username, password, adminPassword: admin[ADMIN_KEY.adminPassword] };
}

/** One user beside the administrator, both with the passwords of the Secrets, and nothing left of the rotation. */
function expectRotated(simulation: Simulation, before: ReturnType<typeof credentials>): void {
  const now = credentials(simulation);
  expect(now.password).not.toBe(before.password);
  expect(now.adminPassword).not.toBe(before.adminPassword);
  const users = simulation.node.answering()?.users;
  expect(new Set(users?.keys())).toEqual(new Set([ADMIN_USER, now.username]));
  expect(users?.get(now.username ?? '')?.password).toBe(now.password);
  expect(users?.get(ADMIN_USER)?.password).toBe(now.adminPassword);
  expect(secretOf(simulation, names.adminSecret)[ADMIN_KEY.rotation]).toBeUndefined();
  expect(simulation.addon?.status?.rotation).toBeUndefined();
  // Who reads no Secret still knows whose the URL is.
  const { id, user = id } = simulation.addon?.status ?? {};
  expect(user).toBe(now.username);
}

function restarts(simulation: Simulation): number {
  return simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;
}

const operate: fc.Arbitrary<SimulationEvent> = fc.record({
  event: fc.constant('Operate' as const),
  options: fc.record({
    actions: fc.oneof(fc.nat(6), fc.constant(Infinity)),
    end: fc.constantFrom('Crash' as const, 'AnswerLost' as const),
    stale: fc
      .subarray(['InfluxAddon/my-app', 'Pod/my-app-influx-0', 'Deployment/web'])
      .map((k) => new Set(k)),
  }),
});
const happening: fc.Arbitrary<SimulationEvent> = fc.oneof(
  { weight: 6, arbitrary: operate },
  {
    weight: 4,
    arbitrary: fc.record({ event: fc.constant('Node' as const), steps: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ event: fc.constant('Wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('a', 'b', 'c').map((token) => ({ event: 'Rotate' as const, token })),
  },
  fc
    .constantFrom<Partial<InfluxAddonSpec>>(
      { plan: '2g' },
      { plan: '1g' },
      { plan: 'none' },
      { state: 'Stopped' },
      { state: 'Running' },
    )
    .map((spec) => ({ event: 'Edit' as const, spec })),
  fc
    .constantFrom('urlSecret' as const, 'bindingSecret' as const, 'statefulSet' as const)
    .map((child) => ({ event: 'RemoveChildren' as const, children: [child] })),
  fc.constant<SimulationEvent>({ event: 'App', what: 'Change' }),
);

describe('a rotation', () => {
  it(
    'lets the app log in at every moment, whatever crashes or comes in between, and ends with one user',
    () => {
      const property = fc.property(fc.array(happening, { minLength: 4, maxLength: 24 }), (events) => {
        const simulation = ready();
        const before = credentials(simulation);
        for (const event of events) simulation.happen(event);
        simulation.happen({ event: 'Rotate', token: 'last' });
        simulation.happen({ event: 'Edit', spec: { plan: '1g', state: 'Running' } });
        simulation.settle(40);
        expectRotated(simulation, before);
        expect(simulation.addon?.status?.lastHandled?.rotate).toBe('last');
      });
      fc.assert(property, { numRuns: pick(60, 400) });
    },
    TIMEOUT_MS,
  );

  it.each(['Crash', 'AnswerLost'] as const)(
    'that is interrupted (%s) after each single action comes to the same end, with one restart of the app',
    (end) => {
      for (let first = 0; first < 24; first += 1) {
        const simulation = ready();
        const before = credentials(simulation);
        const already = restarts(simulation);
        simulation.happen({ event: 'Rotate', token: 'a' });
        simulation.operator.operate(simulation.now, { actions: first, end, stale: NOTHING_STALE });
        simulation.now += 1_000;
        for (let round = 0; round < 40; round += 1) {
          const actions = 1 + (round % 5);
          simulation.operator.operate(simulation.now, { actions, end, stale: NOTHING_STALE });
          simulation.node.step(simulation.now);
          simulation.now += 3_000;
        }
        simulation.settle(20);
        expectRotated(simulation, before);
        expect(restarts(simulation) - already).toBe(1);
      }
    },
  );

  it('goes back to the first name the next time', () => {
    const simulation = ready();
    const { username } = credentials(simulation);
    simulation.happen({ event: 'Rotate', token: 'a' });
    simulation.settle(20);
    expect(credentials(simulation).username).toBe(`${username}_b`);
    simulation.happen({ event: 'Rotate', token: 'b' });
    simulation.settle(20);
    expect(credentials(simulation).username).toBe(username);
  });

  it('is done once for a token, and once more for one that came meanwhile', () => {
    const simulation = ready();
    const already = restarts(simulation);
    simulation.happen({ event: 'Rotate', token: 'a' });
    simulation.fairRound(1);
    simulation.happen({ event: 'Rotate', token: 'b' });
    simulation.settle(40);
    expect(restarts(simulation) - already).toBe(2);
    expect(simulation.addon?.status?.lastHandled?.rotate).toBe('b');
    const writes = simulation.operator.writes.length;
    simulation.happen({ event: 'Rotate', token: 'b' });
    for (let round = 0; round < 20; round += 1) simulation.fairRound(30);
    expect(simulation.operator.writes).toHaveLength(writes);
  });

  it('that comes with a change of the plan costs one stop of the database and one restart of the app', () => {
    const simulation = ready();
    const already = restarts(simulation);
    let stops = 0;
    simulation.api.watch((before, after) => {
      if (before?.kind === 'Pod' && after === undefined) stops += 1;
    });
    simulation.happen({ event: 'Rotate', token: 'a' });
    simulation.happen({ event: 'Edit', spec: { plan: '2g' } });
    simulation.settle(30);
    expect({ stops, restarts: restarts(simulation) - already }).toEqual({ stops: 1, restarts: 1 });
    expect(simulation.addon?.status).toMatchObject({ plan: '2g', lastHandled: { rotate: 'a' } });
  });

  it('waits while the database is stopped, says so, and is done after the start with the same restart', () => {
    const simulation = ready();
    const before = credentials(simulation);
    simulation.happen({ event: 'Edit', spec: { state: 'Stopped' } });
    simulation.settle(20);
    simulation.happen({ event: 'Rotate', token: 'a' });
    simulation.settle(20);
    expect(simulation.addon?.status?.rotation).toMatchObject({ phase: 'Waiting', message: /started/ });
    expect(credentials(simulation)).toEqual(before);
    const already = restarts(simulation);
    simulation.happen({ event: 'Edit', spec: { state: 'Running' } });
    simulation.settle(30);
    expectRotated(simulation, before);
    expect(restarts(simulation) - already).toBe(1);
  });

  it('does not begin while the spec is refused, and begins when it is corrected', () => {
    const simulation = ready();
    const before = credentials(simulation);
    simulation.happen({ event: 'Edit', spec: { plan: 'none' } });
    simulation.happen({ event: 'Rotate', token: 'a' });
    for (let round = 0; round < 10; round += 1) simulation.fairRound();
    expect(simulation.addon?.status?.rotation).toMatchObject({ phase: 'Waiting', message: /followed/ });
    expect(credentials(simulation)).toEqual(before);
    simulation.happen({ event: 'Edit', spec: { plan: '1g' } });
    simulation.settle(30);
    expectRotated(simulation, before);
  });

  it('survives the loss of the admin Secret in each of its phases without locking the app out', () => {
    for (const phase of ['Preparing', 'Overlapping', 'Revoking']) {
      const simulation = ready();
      const before = credentials(simulation);
      simulation.happen({ event: 'Rotate', token: 'a' });
      for (let round = 0; round < 600 && phaseOf(simulation) !== phase; round += 1) {
        // At each second with ever more actions, so that the one that begins the phase is the last of a process.
        const actions = 1 + (round % 6);
        simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: NOTHING_STALE });
        simulation.node.step(simulation.now);
        if (actions === 6) simulation.now += 1_000;
      }
      expect(phaseOf(simulation)).toBe(phase);
      simulation.happen({ event: 'RemoveChildren', children: ['adminSecret'] });
      simulation.settle(60);
      expectRotated(simulation, before);
    }
  });

  it('does not bring the former credentials back when old copies of Secrets are put back', () => {
    const simulation = ready();
    const before = credentials(simulation);
    const old = [names.urlSecret, names.bindingSecret].map((name) =>
      simulation.api.get<Secret>('Secret', name),
    );
    simulation.happen({ event: 'Rotate', token: 'a' });
    simulation.settle(20);
    const after = credentials(simulation);
    for (const secret of old)
      simulation.api.change('Secret', secret?.metadata.name ?? '', (present) => ({
        ...present,
        data: secret?.data,
      }));
    simulation.settle(20);
    expect(credentials(simulation)).toEqual(after);
    expectRotated(simulation, before);
  });

  it('gives the users of spec.users new passwords and the other name, with a login in their Secrets at every moment', () => {
    const users = [
      { name: 'reader', access: 'Read' as const },
      { name: 'writer', access: 'Write' as const },
    ];
    const simulation = ready({ ...INJECT, users });
    const loginOf = (user: string) => {
      const { username, password } = secretOf(simulation, userSecretName(ADDON, user));
      return { username, password };
    };
    let listed = true;
    const works = () => {
      if (!listed) return;
      for (const { name } of users) {
        const { username, password } = loginOf(name);
        expect(simulation.node.engine()?.users.get(username ?? '')?.password, name).toBe(password);
      }
    };
    simulation.api.watch(works);
    const seen = new Set<string | undefined>(users.map(({ name }) => loginOf(name).password));
    for (const [round, suffix] of ['_b', '', '_b'].entries()) {
      const before = users.map(({ name }) => loginOf(name));
      const admin = simulation.api.get<Secret>('Secret', names.adminSecret);
      simulation.happen({ event: 'Rotate', token: `token-${round}` });
      for (let actions = 1; actions < 12; actions += 1) {
        simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: NOTHING_STALE });
        for (const { username, password } of before)
          if (phaseOf(simulation) !== 'Revoking' && phaseOf(simulation) !== undefined)
            expect(simulation.node.engine()?.users.get(username ?? '')?.password).toBe(password);
        simulation.now += 1_000;
      }
      simulation.settle(30);
      works();
      for (const { name } of users) {
        expect(loginOf(name).username).toBe(`${name}${suffix}`);
        expect(seen).not.toContain(loginOf(name).password);
        seen.add(loginOf(name).password);
      }
      const there = new Set(simulation.node.engine()?.users.keys());
      const { username } = credentials(simulation);
      expect(there).toEqual(new Set([ADMIN_USER, username, `reader${suffix}`, `writer${suffix}`]));
      expect(simulation.node.engine()?.users.get(`reader${suffix}`)?.grants.size).toBe(1);
      expect(admin).toBeDefined();
      expect(simulation.addon?.status?.lastHandled?.rotate).toBe(`token-${round}`);
    }
    listed = false;
    // Who is listed no more goes at once, whatever name it has by now.
    simulation.happen({ event: 'Edit', spec: { users: [] } });
    simulation.settle(10);
    expect([...(simulation.node.engine()?.users.keys() ?? [])]).toHaveLength(2);
  });

  it('drops a user that stops being listed in the middle of it under both of its names', () => {
    for (let actions = 2; actions < 20; actions += 1) {
      const simulation = ready({ ...INJECT, users: [{ name: 'reader', access: 'Read' }] });
      simulation.happen({ event: 'Rotate', token: 'a' });
      simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: NOTHING_STALE });
      simulation.happen({ event: 'Edit', spec: { users: [] } });
      simulation.settle(30);
      const there = [...(simulation.node.engine()?.users.keys() ?? [])];
      expect(there.filter((name) => name.startsWith('reader'))).toEqual([]);
    }
  });

  it('is not asked for by a token that the addon was made with', () => {
    const simulation = new Simulation(INJECT);
    simulation.happen({ event: 'Rotate', token: 'from-the-manifest' });
    simulation.settle(20);
    expect(credentials(simulation).username).toBe(simulation.addon?.status?.id);
    expect(simulation.addon?.status?.lastHandled?.rotate).toBe('from-the-manifest');
  });

  it('is not asked for by a token of an addon that takes over what an earlier one has left', () => {
    const simulation = new Simulation({});
    simulation.happen({ event: 'Rotate', token: 'first' });
    simulation.settle(20);
    const before = credentials(simulation);
    simulation.user.deleteAddon();
    for (let round = 0; round < 5; round += 1) simulation.fairRound();
    simulation.createAddon({});
    simulation.happen({ event: 'Rotate', token: 'second' });
    simulation.settle(20);
    expect(credentials(simulation)).toEqual(before);
    expect(simulation.addon?.status?.lastHandled?.rotate).toBe('second');
    simulation.happen({ event: 'Rotate', token: 'third' });
    simulation.settle(40);
    expect(credentials(simulation)).not.toEqual(before);
  });
});

function phaseOf(simulation: Simulation): string | undefined {
  const record = secretOf(simulation, names.adminSecret)[ADMIN_KEY.rotation];
  return record === undefined ? undefined : (JSON.parse(record) as { phase: string }).phase;
}
