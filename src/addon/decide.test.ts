import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../api/influx-addon.ts';
import type { InfluxBackup } from '../api/influx-backup.ts';
import type { Secret } from '../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../kube/objects/types.ts';
import type { Backup } from './world/world.ts';
import { decide } from './decide.ts';
import { ADMIN_KEY } from './identity/admin-keys.ts';
import { decode } from './world/secret-data.ts';
import { CHILDREN } from './children/index.ts';
import { withIntentHash } from './children/intent/merge.ts';
import { withApiDefaults } from './testing/api-defaults.ts';
import {
  addonOf,
  contextOf,
  countingFresh,
  FACTS,
  inForce,
  live,
  NO_CHILDREN,
  NOW,
  planOf,
  worldOf,
} from './testing/fixtures.ts';
import { type World } from './world/world.ts';
import { NO_MEMORY, type Finding } from './world/memory.ts';

function decided(world: Partial<World>) {
  return decide(worldOf(world), { now: NOW, fresh: countingFresh() });
}

function readyReason(world: Partial<World>) {
  return decided(world).status?.conditions?.find(({ type }) => type === 'Ready');
}

function stalled(spec: Partial<InfluxAddonSpec>, world: Partial<World> = {}) {
  const { status, actions } = decided({ addon: addonOf(spec), ...world });
  expect(actions).toEqual([]);
  return status?.conditions?.find(({ type }) => type === 'Stalled');
}

/** Children as they would be stored for the context. */
function storedChildren(context = contextOf()): World['children'] {
  const built = CHILDREN.flatMap(({ slot, build }) => {
    const intent = build(context);
    return intent === undefined ? [] : [[slot, live(withApiDefaults(withIntentHash(intent)))] as const];
  });
  return { ...NO_CHILDREN, ...(Object.fromEntries(built) as Partial<World['children']>) };
}

function findingFor(target: string, more: Partial<Finding> = {}): Finding {
  const untilMs = NOW.getTime() + 30_000;
  return {
    target,
    reason: 'NameConflict',
    message: `${target} is somebody else's`,
    generation: 1,
    untilMs,
    ...more,
  };
}

describe('a new addon', () => {
  it('never takes a password from the Secrets of a predecessor that are being collected', () => {
    const before = storedChildren(contextOf({ addon: addonOf({}, { metadata: { uid: 'predecessor' } }) }));
    const { urlSecret, bindingSecret } = before;
    const children = { ...NO_CHILDREN, urlSecret, bindingSecret };
    const [first] = decided({ children }).actions;
    const secret = first?.do === 'create' ? (first.object as Secret) : undefined;
    expect(decode(secret)[ADMIN_KEY.password]).toMatch(/^p0+\d+$/);
  });

  it('gets its admin Secret first and alone: everything else is derived from what is stored in it', () => {
    const { actions } = decided({});
    expect(actions).toMatchObject([{ do: 'create', object: { metadata: { name: 'my-app-influx-admin' } } }]);
    const [action] = actions;
    const data = decode((action as { object: object }).object as Secret);
    expect(data[ADMIN_KEY.id]).toMatch(/^my_app_\d{4}$/);
  });

  it('then gets all other children in one go, and they say what the admin Secret says', () => {
    const { adminSecret } = storedChildren();
    const { actions } = decided({ children: { ...NO_CHILDREN, adminSecret } });
    expect(actions.map((action) => action.do === 'create' && action.kind.kind)).toEqual([
      'PersistentVolumeClaim',
      'Secret',
      'Secret',
      'Service',
      'NetworkPolicy',
      'StatefulSet',
    ]);
    expect(JSON.stringify(actions)).toContain(Buffer.from(FACTS.password).toString('base64'));
  });

  it('writes nothing while all children are as they should be', () => {
    const { actions, status } = decided({ children: storedChildren() });
    expect(actions).toEqual([]);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Provisioning');
  });
});

describe('a spec that cannot be followed', () => {
  it.each<[string, Partial<InfluxAddonSpec>, Partial<World>, string]>([
    [
      'UnknownPlan',
      { plan: '3g' },
      { plan: undefined },
      'spec.plan: 3g is not in the catalogue; allowed: 512m, 1g, 2g.',
    ],
    ['WithdrawnPlan', {}, { plan: planOf('1g', 'Withdrawn') }, 'is withdrawn'],
    ['UnknownVersion', { version: '9.9' }, {}, 'allowed: 1.7.11, 1.8.5, 1.8.10'],
  ])('is Stalled with %s, and nothing is made', (reason, spec, world, message) => {
    const condition = stalled(spec, world);
    expect(condition).toMatchObject({ status: 'True', reason });
    expect(condition?.message).toContain(message);
  });

  it('leaves the running database as it is', () => {
    const children = storedChildren();
    const { actions } = decided({ addon: addonOf({ plan: '3g' }), plan: undefined, children });
    expect(actions).toEqual([]);
    const { actions: repair } = decided({
      addon: addonOf({ plan: '3g' }),
      plan: undefined,
      children: { ...children, service: undefined },
    });
    expect(repair).toMatchObject([{ do: 'create', kind: { kind: 'Service' } }]);
  });

  it('does not keep a running database on a plan that was deleted from being repaired', () => {
    const world = { plan: undefined, children: { ...storedChildren(), adminSecret: undefined } };
    expect(decided(world).actions).toMatchObject([{ do: 'create', kind: { kind: 'Secret' } }]);
  });
});

describe('records that are all older than the data', () => {
  const older = contextOf({ target: inForce('1g', '1.8.5') });
  const children = storedChildren(older);

  it.each(['1.8', '1.8.5', undefined])('start no older engine, with spec.version %s', (version) => {
    const spec = version === undefined ? {} : { version };
    for (const statefulSet of [children.statefulSet, undefined]) {
      const { actions, status } = decided({ addon: addonOf(spec), children: { ...children, statefulSet } });
      expect(actions).toEqual([]);
      const condition = status?.conditions?.find(({ type }) => type === 'Stalled');
      expect(condition).toMatchObject({ status: 'True', reason: 'DowngradeRefused' });
      expect(condition?.message).toContain('Allowed: 1.8.10');
    }
  });

  it('go up when the user names the version that opened the data', () => {
    const { actions } = decided({ addon: addonOf({ version: '1.8.10' }), children });
    expect(JSON.stringify(actions[0])).toContain(
      Buffer.from(JSON.stringify(inForce('1g', '1.8.10')))
        .toString('base64')
        .slice(0, 40),
    );
  });

  it('of which only the status is left do not choose the older of two', () => {
    const { claim } = storedChildren();
    const { actions } = decided({
      addon: addonOf({ version: '1.8' }, { status: { version: '1.8.5', id: FACTS.id } }),
      children: { ...NO_CHILDREN, claim },
    });
    const [first] = actions;
    const secret = first?.do === 'create' ? (first.object as Secret) : undefined;
    expect(decode(secret)[ADMIN_KEY.inForce]).toContain('"name":"1.8.10"');
  });
});

describe('an edit while the platform has a newer patch', () => {
  const former = contextOf({ target: inForce('1g', '1.8.5'), facts: { ...FACTS, openedBy: '1.8.5' } });
  const failed: Backup = live<InfluxBackup>({
    metadata: { namespace: 'shop', creationTimestamp: NOW.toISOString() },
    spec: { addonRef: { name: 'my-app' }, kind: 'BeforeUpgrade' },
    status: {
      addon: { name: 'my-app', id: FACTS.id, uid: addonOf().metadata.uid, version: '1.8.5' },
      failedAt: NOW.toISOString(),
    },
  });
  it.each<{ when: string; all: readonly Backup[]; version: string }>([
    {
      when: 'does not wait for the backup that the patch needs and that fails',
      all: [failed],
      version: '1.8.5',
    },
    { when: 'does not wait for a backup that is still to be made', all: [], version: '1.8.5' },
    {
      when: 'takes the patch along when its backup is there',
      all: [
        {
          ...failed,
          status: { ...failed.status, failedAt: undefined, completedAt: NOW.toISOString() },
        } as Backup,
      ],
      version: '1.8.10',
    },
  ])('$when', ({ all, version }) => {
    const status = { id: FACTS.id, dataPlane: { revision: 'r' }, version: '1.8.5' };
    const addon = addonOf(
      { plan: '2g', version: '1.8', backups: { storeRef: { name: 'nightly' } } },
      { status },
    );
    const children = storedChildren(former);
    const { actions } = decided({ addon, children, backups: { all, storeExists: true } });
    expect(actions).toHaveLength(1);
    const [first] = actions;
    const secret = first?.do === 'replace' ? (first.object as Secret) : undefined;
    const stored = JSON.parse(decode(secret)[ADMIN_KEY.inForce] ?? '{}') as object;
    expect(stored).toMatchObject({ plan: { name: '2g' }, version: { name: version } });
  });
});

describe('a write that was refused', () => {
  const refused = (target: string, more: Partial<Finding> = {}): Partial<World> => ({
    memory: { ...NO_MEMORY, findings: [findingFor(target, more)] },
  });

  it('of the admin Secret keeps everything else from being made with values that are nowhere kept', () => {
    const decision = decided(refused('Secret/my-app-influx-admin'));
    expect(decision.actions).toEqual([]);
    expect(decision.requeueAfterMs).toBe(30_000);
    expect(readyReason(refused('Secret/my-app-influx-admin'))).toMatchObject({ reason: 'Blocked' });
  });

  it('is tried again after a while, and at once for another spec', () => {
    const target = 'Secret/my-app-influx-admin';
    expect(decided(refused(target, { untilMs: NOW.getTime() })).actions).toHaveLength(1);
    expect(decided(refused(target, { generation: 0 })).actions).toHaveLength(1);
  });

  it('is told with its message', () => {
    const world = {
      ...refused('Service/my-app-influx'),
      children: { ...storedChildren(), service: undefined },
    };
    expect(readyReason(world)?.message).toContain("Service/my-app-influx is somebody else's");
  });
});

describe('an addon that is left alone', () => {
  it('in a namespace that is being deleted: nothing is made, nothing is said', () => {
    expect(decided({ namespaceTerminating: true })).toMatchObject({ actions: [], status: undefined });
  });

  it('while paused, whatever is missing', () => {
    const addon = addonOf({}, { metadata: { annotations: { 'influxaddon.dev/paused': 'true' } } });
    const { actions, status } = decided({ addon });
    expect(actions).toEqual([]);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Paused',
    });
  });

  it('while what an addon of the same name left is still going', () => {
    const { adminSecret } = storedChildren();
    const metadata = { ...(adminSecret as Live<KubeObject>).metadata, deletionTimestamp: NOW.toISOString() };
    const leaving = { ...adminSecret, metadata } as World['children']['adminSecret'];
    const { actions, requeueAfterMs } = decided({ children: { ...NO_CHILDREN, adminSecret: leaving } });
    expect(actions).toEqual([]);
    expect(requeueAfterMs).toBeGreaterThan(0);
  });
});

describe('maintenance that is under way', () => {
  const startedAt = '2029-12-31T22:00:00.000Z';
  const pending = [{ what: 'version 1.8.11', since: '2029-12-01T00:00:00Z' }];
  const status = { observedGeneration: 1, maintenance: { startedAt, pending } };
  const paused = { 'influxaddon.dev/paused': 'true' };
  const target = { ...inForce(), maintainedAt: startedAt };
  const stoppedChildren = storedChildren(contextOf({ addon: addonOf({ state: 'Stopped' }), target }));
  it.each<{ by: string; world: Partial<World> }>([
    { by: 'a pause', world: { addon: addonOf({}, { metadata: { annotations: paused }, status }) } },
    { by: 'a stop', world: { addon: addonOf({ state: 'Stopped' }, { status }), children: stoppedChildren } },
  ])('is interrupted by $by: it holds nobody up, and waits for its window again', ({ world }) => {
    const { actions, status: after } = decided(world);
    expect(actions).toEqual([]);
    expect(after?.maintenance).toEqual({ pending });
    const condition = after?.conditions?.find(({ type }) => type === 'MaintenancePending');
    expect(condition).toMatchObject({ status: 'True', reason: 'Interrupted' });
  });
});

describe('a StatefulSet that may not become what is wanted', () => {
  /** After the plan 4g was asked for and recorded: what the StatefulSet is is that of 1g. */
  function changed(spec: Partial<InfluxAddonSpec>, findings: readonly Finding[]): Partial<World> {
    const before = { addon: addonOf({ plan: '4g', ...spec }), children: storedChildren(contextOf()) };
    const [first] = decided(before).actions;
    expect(first).toMatchObject({ do: 'replace', object: { metadata: { name: 'my-app-influx-admin' } } });
    const adminSecret = live((first as { object: Secret }).object);
    const children = { ...before.children, adminSecret };
    return { ...before, children, memory: { ...NO_MEMORY, findings } };
  }

  const writesTo = (world: Partial<World>, kind: string) =>
    decided(world).actions.filter((action) => 'kind' in action && action.kind.kind === kind);

  it('follows its volume claim', () => {
    expect(writesTo(changed({}, []), 'StatefulSet')).toHaveLength(1);
  });

  it('stays as it is while a larger volume is refused: no database is stopped for a plan that cannot be had', () => {
    const refused = { reason: 'QuotaExceeded', message: 'exceeded quota: small' } as const;
    const world = changed({}, [findingFor('PersistentVolumeClaim/my-app-influx-data', refused)]);
    const { actions, status } = decided(world);
    expect(actions).toEqual([]);
    const conditions = new Map(status?.conditions?.map((each) => [each.type, each]));
    expect(conditions.get('Stalled')).toMatchObject({ status: 'True', ...refused });
    expect(conditions.get('Ready')?.status).toBe('False');
    expect(status?.plan).toBeUndefined();
  });

  it('is stopped without a certificate, though it is not started without one', () => {
    const tls = { mode: 'Required' as const };
    expect(writesTo(changed({ tls }, []), 'StatefulSet')).toEqual([]);
    const stopping = changed({ tls, state: 'Stopped' }, []);
    // Status says first that it is being stopped.
    const { status } = decided(stopping);
    const addon = { ...(stopping.addon as World['addon']), ...(status === undefined ? {} : { status }) };
    const [write] = writesTo({ ...stopping, addon }, 'StatefulSet');
    expect(write).toMatchObject({ do: 'replace', object: { spec: { replicas: 0 } } });
  });
});
