import { describe, expect, it } from 'vitest';
import type { PodStatus } from 'kubernetes-types/core/v1.js';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import * as kinds from '../../kube/objects/kinds.ts';
import { decide } from '../decide.ts';
import { finalizerAction } from './finalizer.ts';
import { FINALIZER } from '../world/names.ts';
import { buildAdminSecret } from '../children/admin-secret.ts';
import { buildClaim } from '../children/claim.ts';
import { buildStatefulSet } from '../children/stateful-set.ts';
import { decideApp } from '../apps/binding.ts';
import { appOf, cached, ownersKnown, patched } from '../testing/apps.ts';
import { containerStatus, podOf, readyStatus, settledSet } from '../testing/pods.ts';
import { addonOf, contextOf, countingFresh, live, NO_CHILDREN, NOW, worldOf } from '../testing/fixtures.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY } from '../world/memory.ts';

const context = contextOf();
const CHILDREN = {
  ...NO_CHILDREN,
  statefulSet: live(buildStatefulSet(context)),
  claim: live(buildClaim(context)),
  adminSecret: live(buildAdminSecret(context)),
};
const INJECT: Partial<InfluxAddonSpec> = { apps: [{ name: 'web', env: 'Inject' }] };

function injectedApp() {
  const wish = {
    addonName: 'my-app',
    kind: 'Deployment' as const,
    name: 'web',
    env: 'Inject' as const,
    containers: undefined,
    secretName: 'my-app-influx',
    variables: ['INFLUX_URL'],
  };
  const app = appOf();
  return cached(patched(app, decideApp(wish, cached(app), undefined, 'r1', NOW).patch));
}

interface Case {
  spec?: Partial<InfluxAddonSpec>;
  paused?: boolean;
  world?: Partial<World>;
  finalizers?: string[];
}

function deleting({ spec = {}, paused = false, world = {}, finalizers = [FINALIZER, 'other'] }: Case): World {
  const annotations = paused ? { 'influxaddon.dev/paused': 'true' } : {};
  const metadata = { finalizers, annotations, deletionTimestamp: NOW.toISOString() };
  return worldOf({ addon: addonOf(spec, { metadata }), children: CHILDREN, ...world });
}

function decideAt(world: World) {
  return decide(world, { now: NOW, fresh: countingFresh() });
}

function actionsOf(options: Case): string[] {
  return decideAt(deleting(options)).actions.map((action) => {
    if (action.do === 'patch') return `patch ${action.kind.kind}`;
    return action.do === 'delete' ? `delete ${action.kind.kind}` : action.do;
  });
}

/** An app that looks injected, with the variables in it that its owner wrote. */
function whoseAre(entries: readonly string[]): Case {
  const app = injectedApp();
  const memory = { ...NO_MEMORY, ...ownersKnown({ ...app, kind: 'Deployment' }, entries) };
  return { spec: INJECT, world: { apps: new Map([['Deployment/web', app]]), memory } };
}

const UNREADY = { type: 'Ready', status: 'False', lastTransitionTime: NOW.toISOString() };
const crashing = waiting('CrashLoopBackOff');
const unschedulable: PodStatus = {
  conditions: [{ ...UNREADY, type: 'PodScheduled', reason: 'Unschedulable', message: 'no memory' }],
};

function waiting(reason: string): PodStatus {
  const state = { waiting: { reason } };
  return { conditions: [UNREADY], initContainerStatuses: [containerStatus('bootstrap', state)] };
}

/** An addon with data and no store, deleted under the policy Backup. */
function unbacked(status: PodStatus, spec: Partial<InfluxAddonSpec> = {}): World {
  const found = deleting({ spec: { ...spec, deletionPolicy: 'Backup' } });
  const dataPlane = { revision: 'r', verifiedAt: NOW.toISOString() };
  const children = { ...CHILDREN, statefulSet: settledSet() };
  return { ...found, children, addon: { ...found.addon, status: { dataPlane } }, pod: podOf(status) };
}

const RELEASED = ['patch InfluxAddon'];
const DELETED = ['delete StatefulSet', 'delete PersistentVolumeClaim', 'delete Secret'];
const terminating = { namespaceTerminating: true };

describe('deletion', () => {
  it.each<[string, Case, string[]]>([
    ['Retain lets go at once', { spec: { deletionPolicy: 'Retain' } }, RELEASED],
    ['the default is Retain', {}, RELEASED],
    ['Delete takes the data with it, the pod first', { spec: { deletionPolicy: 'Delete' } }, DELETED],
    [
      'Delete behaves like Retain in a namespace that goes',
      { spec: { deletionPolicy: 'Delete' }, world: terminating },
      RELEASED,
    ],
    ['Delete does nothing while paused', { spec: { deletionPolicy: 'Delete' }, paused: true }, []],
    ['Retain lets go while paused too', { paused: true }, RELEASED],
    [
      'a paused addon in a namespace that goes holds nothing up',
      { spec: { deletionPolicy: 'Delete' }, paused: true, world: terminating },
      RELEASED,
    ],
    ['without our finalizer there is nothing to do', { finalizers: ['other'] }, []],
    [
      'variables come out of the apps first, once it is known who wrote them',
      {
        spec: { ...INJECT, deletionPolicy: 'Delete' },
        world: { apps: new Map([['Deployment/web', injectedApp()]]) },
      },
      ['findOwners'],
    ],
    ['variables that the operator wrote come out', whoseAre([]), ['patch Deployment']],
    ['variables that the owner wrote stay, and hold nothing up', whoseAre(['web/INFLUX_URL']), RELEASED],
    [
      'variables stay in a namespace that goes',
      { spec: INJECT, world: { ...terminating, apps: new Map([['Deployment/web', injectedApp()]]) } },
      RELEASED,
    ],
    ['an app that is gone holds nothing up', { spec: INJECT }, RELEASED],
  ])('%s', (_, options, expected) => {
    expect(actionsOf(options)).toEqual(expected);
  });

  it.each<[string, Partial<World>, string | undefined]>([
    ['whose volume is gone', { children: { ...CHILDREN, claim: undefined } }, undefined],
    ['whose data is lost', {}, 'DataLost'],
    ['that cannot start', {}, 'MetaCorrupt'],
  ])('Backup of a database %s behaves like Retain, and says so', (_, world, reason) => {
    const condition = { status: 'True' as const, message: '', lastTransitionTime: NOW.toISOString() };
    const conditions = reason === undefined ? [] : [{ ...condition, type: 'Stalled', reason }];
    const found = deleting({ spec: { deletionPolicy: 'Backup' }, world });
    const status = { dataPlane: { revision: 'r', verifiedAt: NOW.toISOString() }, conditions };
    const decision = decideAt({ ...found, addon: { ...found.addon, status } });
    expect(decision).toMatchObject({
      actions: [{ do: 'patch', kind: { kind: 'InfluxAddon' } }],
      events: [{ type: 'Warning', reason: 'Deleting' }],
    });
  });

  it.each<[string, number, PodStatus, boolean]>([
    ['keeps ending', 6, crashing, true],
    ['has just begun to end', 4, crashing, false],
    ['has no image', 6, waiting('ImagePullBackOff'), true],
    ['is starting', 60, waiting('PodInitializing'), false],
    ['fits no node', 6, unschedulable, true],
    ['answers', 60, readyStatus(), false],
  ])('Backup of a database whose pod %s, for %i minutes: kept %s', (_, minutes, status, isKept) => {
    const now = new Date(NOW.getTime() + minutes * 60_000);
    const found = unbacked(status);
    const { actions, events } = decide(found, { now, fresh: countingFresh() });
    expect(actions.map((action) => (action.do === 'patch' ? action.kind.kind : action.do))).toEqual(
      isKept ? ['InfluxAddon'] : [],
    );
    expect(events.map(({ note }) => note.includes('as with deletionPolicy Retain'))).toEqual(
      isKept ? [true] : [],
    );
  });

  it('what was decided about a last backup stays decided, whatever becomes of the database', () => {
    const finding = {
      target: 'Deployment/web',
      reason: 'Forbidden' as const,
      message: 'a policy forbids it',
      generation: 1,
      untilMs: NOW.getTime() + 3_600_000,
    };
    const apps = new Map([['Deployment/web', injectedApp()]]);
    const memory = { ...NO_MEMORY, findings: [finding] };
    const now = new Date(NOW.getTime() + 600_000);
    const held = { ...unbacked(crashing, INJECT), apps, memory };
    const { status } = decide(held, { now, fresh: countingFresh() });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Stalled', status: 'True', reason: 'NoLastBackup' }),
    );
    const well = { ...held, addon: { ...held.addon, status: status ?? {} }, pod: podOf(), memory: NO_MEMORY };
    const after = decide({ ...well, apps: new Map() }, { now, fresh: countingFresh() });
    expect(after).toMatchObject({ actions: [{ do: 'patch', kind: { kind: 'InfluxAddon' } }] });
  });

  it('after the last backup the data goes to its end, though the volume is gone by then', () => {
    const backup = live<InfluxBackup>({
      apiVersion: 'influxaddon.dev/v1alpha1',
      kind: 'InfluxBackup',
      spec: { addonRef: { name: 'my-app' }, kind: 'Final' },
      status: { completedAt: NOW.toISOString() },
    });
    const found = unbacked(readyStatus(), { backups: { storeRef: { name: 'nightly' } } });
    const world = { ...found, backups: { all: [backup], storeExists: true }, pod: undefined };
    const children = { ...NO_CHILDREN, adminSecret: CHILDREN.adminSecret };
    expect(decideAt({ ...world, children }).actions).toMatchObject([{ do: 'delete', kind: kinds.Secret }]);
  });

  it('waits for the volume and the pod under Delete before it lets go', () => {
    const claim = live({
      ...CHILDREN.claim,
      metadata: { ...CHILDREN.claim.metadata, deletionTimestamp: NOW.toISOString() },
    });
    const world = { children: { ...NO_CHILDREN, claim } };
    const decision = decideAt(deleting({ spec: { deletionPolicy: 'Delete' }, world }));
    expect(decision.actions).toEqual([]);
    expect(decision.requeueAfterMs).toBeGreaterThan(0);
    expect(decision.status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Deleting');
    const gone = { children: NO_CHILDREN };
    expect(actionsOf({ spec: { deletionPolicy: 'Delete' }, world: gone })).toEqual(RELEASED);
  });

  it('deletes only the very objects it saw', () => {
    const [first] = decideAt(deleting({ spec: { deletionPolicy: 'Delete' } })).actions;
    const { uid, resourceVersion } = CHILDREN.statefulSet.metadata;
    expect(first).toMatchObject({ do: 'delete', uid, resourceVersion });
  });

  it('keeps the finalizers of others', () => {
    const [action] = decideAt(deleting({})).actions;
    expect(action).toMatchObject({ body: { metadata: { finalizers: ['other'] } } });
  });

  it('says what keeps the variables from being taken out, and does not try again at once', () => {
    const finding = {
      target: 'Deployment/web',
      reason: 'Forbidden' as const,
      message: 'a policy forbids it',
      generation: 1,
      untilMs: NOW.getTime() + 9_000,
    };
    const apps = new Map([['Deployment/web', injectedApp()]]);
    const world = { apps, memory: { ...NO_MEMORY, findings: [finding] } };
    const decision = decideAt(deleting({ spec: INJECT, world }));
    expect(decision).toMatchObject({ actions: [], requeueAfterMs: 9_000 });
    expect(JSON.stringify(decision.status)).toContain('a policy forbids it');
  });
});

describe('the finalizer', () => {
  const needed = (spec: Partial<InfluxAddonSpec>, finalizers: string[] = []) =>
    finalizerAction({ addon: addonOf(spec, { metadata: { finalizers } }), memory: NO_MEMORY });

  it('is there only where something has to be done before the addon may go', () => {
    expect(needed({})).toBeUndefined();
    expect(needed({ apps: [{ name: 'web' }] })).toBeUndefined();
    expect(needed({ deletionPolicy: 'Delete' })).toMatchObject({
      body: { metadata: { finalizers: [FINALIZER] } },
    });
    expect(needed(INJECT, ['other'])).toMatchObject({
      body: { metadata: { finalizers: ['other', FINALIZER] } },
    });
  });

  it('goes when it is needed no more', () => {
    expect(needed({}, [FINALIZER, 'other'])).toMatchObject({ body: { metadata: { finalizers: ['other'] } } });
  });

  it('comes before anything is made', () => {
    const world = worldOf({ addon: addonOf({ deletionPolicy: 'Delete' }) });
    const { actions } = decide(world, { now: NOW, fresh: countingFresh() });
    expect(actions).toMatchObject([{ do: 'patch', kind: { kind: 'InfluxAddon' } }]);
  });
});
