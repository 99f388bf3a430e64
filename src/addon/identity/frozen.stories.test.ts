import { describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/objects/kinds.ts';
import { decide } from '../decide.ts';
import { countingFresh, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { isImmutable } from '../testing/model/model-api.ts';
import { ADDON, Simulation } from '../testing/model/simulation.ts';
import { childNames } from '../world/names.ts';
import { decode } from '../world/secret-data.ts';
import { ADMIN_KEY } from './admin-keys.ts';

const names = childNames(ADDON);
const SECRETS = ['adminSecret', 'urlSecret', 'bindingSecret'] as const;

function ready(): Simulation {
  const simulation = new Simulation({
    apps: [{ name: 'web', env: 'Inject' }],
    users: [{ name: 'reader', access: 'Read' }],
  });
  simulation.settle(20);
  return simulation;
}

function secret(simulation: Simulation, name: string) {
  return simulation.api.get<Secret>('Secret', name);
}

const restarts = (simulation: Simulation) =>
  simulation.operator.writes.filter((write) => write.startsWith('patch Deployment')).length;

describe('a Secret that was made immutable', () => {
  it.each(SECRETS)('(%s) is made again with the same content, though nothing has to change', (which) => {
    const simulation = ready();
    const before = secret(simulation, names[which]);
    const restarted = restarts(simulation);
    simulation.happen({ event: 'Freeze', secret: which });
    simulation.settle(10);
    const after = secret(simulation, names[which]);
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
    expect(isImmutable(after)).toBe(false);
    expect(after?.data).toEqual(before?.data);
    expect(after?.metadata.annotations).toEqual(before?.metadata.annotations);
    expect(secret(simulation, names.adminCopy)).toBeUndefined();
    expect(restarts(simulation)).toBe(restarted);
  });

  it.each(SECRETS.flatMap((which) => Array.from({ length: 6 }, (_, actions) => ({ which, actions }))))(
    '($which) is the same after a crash at write $actions, for a change that needs it',
    ({ which, actions }) => {
      const simulation = ready();
      const { [ADMIN_KEY.inForce]: _, ...before } = decode(secret(simulation, names.adminSecret));
      const restarted = restarts(simulation);
      simulation.happen({ event: 'Freeze', secret: which });
      simulation.operator.operate(simulation.now, { actions, end: 'Crash', stale: new Set() });
      simulation.happen({ event: 'Edit', spec: { plan: '512m' } });
      simulation.settle(20);
      const { [ADMIN_KEY.inForce]: __, ...after } = decode(secret(simulation, names.adminSecret));
      expect(after).toEqual(before);
      expect(secret(simulation, names.adminCopy)).toBeUndefined();
      expect(restarts(simulation)).toBe(restarted + 1);
      expect(simulation.node.appSaw).toBe(simulation.node.served());
    },
  );

  it('comes back from its copy when an addon of its name is made after a crash and a deletion', () => {
    const simulation = ready();
    const before = secret(simulation, names.adminSecret)?.data;
    simulation.happen({ event: 'Freeze', secret: 'adminSecret' });
    simulation.operator.operate(simulation.now, { actions: 2, end: 'Crash', stale: new Set() });
    expect(secret(simulation, names.adminSecret)).toBeUndefined();
    simulation.user.deleteAddon();
    simulation.finishDeletion(5);
    expect(secret(simulation, names.adminCopy)?.data).toEqual(before);
    simulation.createAddon({ users: [{ name: 'reader', access: 'Read' }] });
    simulation.settle(20);
    expect(decode(secret(simulation, names.adminSecret))[ADMIN_KEY.password]).toBe(
      decode({ data: before ?? {} })[ADMIN_KEY.password],
    );
  });

  it('and may not be made again keeps its copy from being made up of what else is left', () => {
    const simulation = ready();
    const admin = secret(simulation, names.adminSecret);
    simulation.happen({ event: 'Freeze', secret: 'adminSecret' });
    simulation.operator.operate(simulation.now, { actions: 2, end: 'Crash', stale: new Set() });
    simulation.obstacles.begin({ what: 'Refused', target: `Secret/${names.adminSecret}` }, simulation.now);
    for (let round = 0; round < 4; round += 1) simulation.fairRound();
    expect(secret(simulation, names.adminSecret)).toBeUndefined();
    expect(simulation.addon?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Stalled', status: 'True' }),
    );
    simulation.obstacles.end();
    simulation.settle(20);
    expect(secret(simulation, names.adminSecret)?.data).toEqual(admin?.data);
  });
});

describe('other Secrets that were made immutable', () => {
  const frozen = (name: string, owner = 'addon-uid') =>
    live<Secret>({
      metadata: {
        name,
        namespace: 'shop',
        ownerReferences: [
          { apiVersion: 'influxaddon.dev/v1alpha1', kind: 'InfluxAddon', name: ADDON, uid: owner },
        ],
      },
      immutable: true,
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'YQ==' },
    });
  const firstActions = (children: object, userSecrets = new Map<string, ReturnType<typeof frozen>>()) => {
    const world = worldOf({ children: { ...NO_CHILDREN, ...children }, userSecrets });
    return decide(world, { now: NOW, fresh: countingFresh() }).actions;
  };

  it('are made again: of the certificate, of the agent and of users', () => {
    const tlsSecret = frozen(names.tlsSecret);
    const actions = firstActions(
      { tlsSecret, agentSecret: frozen(names.agentSecret) },
      new Map([['reader', frozen('my-app-influx-user-reader')]]),
    );
    expect(actions.map((each) => each.do)).toEqual([
      'delete',
      'create',
      'delete',
      'create',
      'delete',
      'create',
    ]);
    const { uid, resourceVersion, name, namespace, ownerReferences } = tlsSecret.metadata;
    expect(actions[0]).toMatchObject({ uid, resourceVersion, key: { name } });
    expect(actions[1]).toMatchObject({
      object: {
        metadata: { name, namespace, ownerReferences },
        type: 'kubernetes.io/tls',
        data: tlsSecret.data,
      },
    });
    expect(actions[1]).not.toHaveProperty('object.immutable');
  });

  it('stay when they go with an addon of before', () => {
    const actions = firstActions({ urlSecret: frozen(names.urlSecret, 'predecessor') });
    expect(actions).toMatchObject([{ do: 'create', object: { metadata: { name: names.adminSecret } } }]);
  });
});

describe('a Secret that may not be changed', () => {
  it.each(SECRETS)('(%s) keeps the database and its apps as they are', (which) => {
    const simulation = ready();
    const restarted = restarts(simulation);
    const pod = simulation.api.get('Pod', names.pod)?.metadata.uid;
    simulation.obstacles.begin({ what: 'Refused', target: `Secret/${names[which]}` }, simulation.now);
    const spec =
      which === 'adminSecret' ? { plan: '512m' } : { plan: '512m', connection: { prefix: 'METRICS' } };
    if (which === 'bindingSecret') simulation.user.editChild(which, 0);
    simulation.happen({ event: 'Edit', spec });
    for (let round = 0; round < 5; round += 1) simulation.fairRound();
    expect(simulation.api.get('Pod', names.pod)?.metadata.uid).toBe(pod);
    expect(restarts(simulation)).toBe(restarted);
    expect(simulation.addon?.status?.plan).toBe('1g');
    expect(simulation.addon?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Stalled', status: 'True' }),
    );
    simulation.obstacles.end();
    simulation.settle(20);
    expect(simulation.addon?.status?.plan).toBe('512m');
    expect(restarts(simulation)).toBeGreaterThan(restarted);
  });

  it.each(['adminSecret', 'urlSecret'] as const)('(%s) keeps none from being stopped', (which) => {
    const simulation = ready();
    simulation.obstacles.begin({ what: 'Refused', target: `Secret/${names[which]}` }, simulation.now);
    simulation.happen({
      event: 'Edit',
      spec: { plan: '512m', connection: { prefix: 'METRICS' }, state: 'Stopped' },
    });
    for (let round = 0; round < 5; round += 1) simulation.fairRound();
    expect(simulation.api.get('Pod', names.pod)).toBeUndefined();
  });
});
