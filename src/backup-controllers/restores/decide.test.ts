import { describe, expect, it } from 'vitest';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import { inForce } from '../../addon/testing/fixtures.ts';
import type { Job, PersistentVolumeClaim } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { TaskAction } from '../decision/action.ts';
import { decideRestore } from './decide.ts';
import type { RestoreWorld } from '../world/restore-world.ts';
import { addonOf, BackupModel, storeOf } from '../testing/model.ts';
import { specOf } from '../testing/jobs.ts';

const NOON = new Date('2030-01-09T12:00:00Z');
const CLAIM = 'my-app-influx-data';

function claimOf(name: string, annotations: Record<string, string> = {}): Live<PersistentVolumeClaim> {
  return {
    metadata: { name, namespace: 'shop', uid: `${name}-uid`, resourceVersion: '1', annotations },
    spec: { accessModes: ['ReadWriteOncePod'], resources: { requests: { storage: '1Gi' } } },
  };
}

function restoreOf(rest: Partial<InfluxRestore> = {}): Live<InfluxRestore> {
  const metadata = {
    name: 'undo',
    namespace: 'shop',
    uid: 'restore-uid',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: NOON.toISOString(),
    ...rest.metadata,
  };
  const spec = {
    backupRef: { name: 'mine' },
    addonRef: { name: 'my-app' },
    overwrite: 'my_app_3707',
    ...rest.spec,
  };
  return { ...rest, metadata, spec };
}

/** Its database was seen to refuse writes for the restore. */
function readOnly(): RestoreWorld['addon'] {
  const addon = addonOf(NOON);
  const restore = { name: 'undo', uid: 'restore-uid', writesRefusedAt: NOON.toISOString() };
  return { ...addon, status: { ...addon.status, restore } };
}

function worldOf(overrides: Partial<RestoreWorld> = {}): RestoreWorld {
  const model = new BackupModel(NOON);
  model.add('mine');
  model.settle();
  return {
    restore: restoreOf(),
    namespaceTerminating: false,
    addon: readOnly(),
    inForce: inForce(),
    current: claimOf(CLAIM),
    claim: undefined,
    previous: undefined,
    mounted: undefined,
    backup: model.get('mine'),
    store: storeOf('nightly'),
    task: { job: undefined, pod: undefined },
    others: [],
    settings: { image: 'operator:1', agentImage: undefined, atOnce: 10 },
    ...overrides,
  };
}

/** What a decision writes into the status, and the reason it gives. */
function told(world: RestoreWorld, now = NOON) {
  const [action] = decideRestore(world, now).actions;
  if (action?.do !== 'status') return { action, reason: undefined, status: undefined };
  const status = action.status as NonNullable<InfluxRestore['status']>;
  return { action, status, reason: status.conditions?.find(({ type }) => type === 'Ready')?.reason };
}

/** Acts on the restore until something else is to be written. */
function begun(world: RestoreWorld): { world: RestoreWorld; action: TaskAction | undefined } {
  let current = world;
  for (let pass = 0; pass < 5; pass += 1) {
    const [action] = decideRestore(current, NOON).actions;
    const { restore } = current;
    if (action?.do === 'status')
      current = { ...current, restore: { ...restore, status: action.status as never } };
    else if (action?.do === 'finalizers')
      current = {
        ...current,
        restore: { ...restore, metadata: { ...restore.metadata, finalizers: [...action.finalizers] } },
      };
    else return { world: current, action };
  }
  throw new Error('no end of it');
}

describe('before anything is touched, a restore is refused', () => {
  const backup = worldOf().backup;
  const encrypted = { ...backup!, status: { ...backup!.status, recipients: ['age1x'] } };
  it.each([
    [
      'with another id than the addon has',
      { addon: { ...addonOf(NOON), status: { id: 'my_app_1' } } },
      'NotConfirmed',
    ],
    ['without the key of an encrypted backup', { backup: encrypted }, 'IdentityMissing'],
    ['into an engine that is older', { inForce: inForce('1g', '1.7.11') }, 'EngineTooOld'],
    [
      'into a volume that is too small',
      { backup: { ...backup!, status: { ...backup!.status, rawBytes: 2 ** 40 } } },
      'TargetTooSmall',
    ],
    [
      'from a backup that failed',
      { backup: { ...backup!, status: { failedAt: NOON.toISOString() } } },
      'BackupNotWhole',
    ],
  ] satisfies [string, Partial<RestoreWorld>, string][])('%s', (_, overrides, reason) => {
    const { status, reason: found } = told(worldOf(overrides));
    expect([found, status?.failedAt, status?.startedAt]).toEqual([reason, '2030-01-09T12:00:00Z', undefined]);
  });

  it.each([
    ['there is no backup', { backup: undefined }, 'BackupMissing'],
    ['there is no store', { store: undefined }, 'StoreMissing'],
    ['there is no addon', { addon: undefined }, 'AddonMissing'],
  ] satisfies [string, Partial<RestoreWorld>, string][])('after a while when %s', (_, overrides, reason) => {
    expect(told(worldOf(overrides)).reason).toBe('Waiting');
    expect(told(worldOf(overrides), new Date(NOON.getTime() + 600_000)).reason).toBe(reason);
  });
});

describe('a restore', () => {
  it('makes a claim of its own, and a Job that fills it', () => {
    const { world, action } = begun(worldOf());
    const name = world.restore.status?.claim ?? '';
    expect(name).toMatch(/^my-app-influx-data-[0-9a-f]{6}$/);
    expect(action).toMatchObject({
      do: 'create',
      object: { metadata: { name }, spec: { resources: { requests: { storage: '1Gi' } } } },
    });
    const { action: job } = begun({ ...world, claim: claimOf(name) });
    const spec = job?.do === 'create' ? specOf(job.object as Job) : undefined;
    expect(spec).toMatchObject({
      operation: 'restore',
      manifestSha256: 'a'.repeat(64),
      target: { name: 'my_app_3707', engineVersion: '1.8.10', storageBytes: 2 ** 30 },
    });
  });

  it('waits while its volume is refused, in the words of the server, and tries again ever more rarely', () => {
    const { world, action } = begun(worldOf({ addon: addonOf(NOON) }));
    const later = (minutes: number) => new Date(NOON.getTime() + minutes * 60_000);
    if (action?.do !== 'create') throw new Error('no volume is asked for');
    const refused = action.refused?.('exceeded quota: disks');
    expect(refused).toMatchObject({ do: 'status', events: [{ type: 'Warning' }] });
    const status = refused?.do === 'status' ? (refused.status as InfluxRestore['status']) : undefined;
    expect(status?.attempts).toBeUndefined();
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'VolumeRefused',
      message: expect.stringContaining('exceeded quota: disks') as string,
    });
    const waiting = { ...world, restore: { ...world.restore, status: status! } };
    expect(decideRestore(waiting, NOON)).toEqual({ actions: [], requeueAfterMs: 15_000 });
    const [again] = decideRestore(waiting, later(3)).actions;
    const told = again?.do === 'create' ? again.refused?.('exceeded quota: disks') : undefined;
    expect(told).toMatchObject({ status: { retryAt: '2030-01-09T12:06:00Z' }, events: [] });
  });

  it('gives up when its Job is refused again and again, so that the database takes writes', () => {
    const { world } = begun(worldOf());
    const claim = claimOf(world.restore.status?.claim ?? '');
    const { restore } = begun({ ...world, claim }).world;
    const refusal = (attempts: number) => {
      const status = { ...restore.status!, attempts };
      const [job] = decideRestore({ ...world, claim, restore: { ...restore, status } }, NOON).actions;
      return job?.do === 'create' ? job.refused?.('exceeded quota: count/jobs.batch') : undefined;
    };
    expect(refusal(1)).toMatchObject({ status: { retryAt: '2030-01-09T12:01:00Z' } });
    expect(refusal(5)).toMatchObject({ status: { failedAt: '2030-01-09T12:00:00Z' } });
  });

  it('makes no Job before the database refuses writes', () => {
    const { world } = begun(worldOf({ addon: addonOf(NOON) }));
    const claim = claimOf(world.restore.status?.claim ?? '');
    const restore = { ...world.restore, status: told({ ...world, claim }).status! };
    expect(restore.status).toMatchObject({ attempts: 1, job: 'restore-restore-uid-1' });
    const claimed = { ...world, claim, restore };
    expect(told(claimed)).toMatchObject({
      reason: 'Running',
      status: { startedAt: expect.anything() as string },
    });
    const waiting = { ...claimed, restore: { ...claimed.restore, status: told(claimed).status! } };
    expect(decideRestore(waiting, NOON)).toEqual({ actions: [], requeueAfterMs: 600_000 });
    const later = new Date(NOON.getTime() + 600_000);
    expect(told(waiting, later)).toMatchObject({ reason: 'WritesNotStopped' });
    const silent = { type: 'Available', status: 'False' as const, reason: 'Degraded', message: '' };
    const unheard = {
      ...addonOf(NOON),
      status: {
        ...addonOf(NOON).status,
        conditions: [{ ...silent, lastTransitionTime: NOON.toISOString() }],
      },
    };
    for (const addon of [readOnly(), unheard, { ...addonOf(NOON), status: { id: 'x', state: 'Stopped' } }])
      expect(decideRestore({ ...waiting, addon }, NOON).actions).toMatchObject(
        addon?.status?.id === 'x' ? [{}] : [{ do: 'create', object: { kind: 'Job' } }],
      );
  });

  it('imports a file that somebody put into the store', () => {
    const model = new BackupModel(NOON);
    const annotations = { 'influxaddon.dev/import': 'nightly/imports/backup.tar.gz' };
    model.add('theirs', {}, { metadata: { annotations } });
    model.settle();
    expect(model.jobs).toEqual([]);
    const { world } = begun(worldOf({ backup: model.get('theirs') }));
    const { action: job } = begun({ ...world, claim: claimOf('new') });
    expect(job?.do === 'create' ? specOf(job.object as Job) : undefined).toMatchObject({
      operation: 'import',
      source: { key: 'imports/backup.tar.gz' },
    });
  });

  it('copies a running database whose URL is in a Secret, without any store', () => {
    const model = new BackupModel(NOON);
    const annotations = { 'influxaddon.dev/import-from': 'old-database' };
    model.add('theirs', {}, { metadata: { annotations } });
    model.settle();
    expect(model.jobs).toEqual([]);
    expect(model.get('theirs').status).toMatchObject({ sourceSecret: 'old-database' });
    const backup = model.get('theirs');
    const { world } = begun(worldOf({ backup, store: undefined }));
    const { action: job } = begun({ ...world, claim: claimOf('new') });
    const object = (job?.do === 'create' ? job.object : {}) as Job;
    expect(specOf(object)).toEqual({
      operation: 'copy',
      deadlineSeconds: 43_200,
      target: expect.objectContaining({ engineVersion: '1.8.10' }) as object,
    });
    const volumes = object.spec?.template.spec?.volumes ?? [];
    expect(volumes.find(({ name }) => name === 'source')?.secret).toEqual({
      secretName: 'old-database',
      optional: true,
      items: ['url', 'ca.crt', 'allow-cluster-internal'].map((key) => ({ key, path: key })),
    });
  });

  it.each(['', '../x', 'Old', 'a/b'])('copies nothing from a Secret called %j', (secret) => {
    const model = new BackupModel(NOON);
    model.add('theirs', {}, { metadata: { annotations: { 'influxaddon.dev/import-from': secret } } });
    model.settle();
    const conditions = model.get('theirs').status?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ reason: 'ImportRefused' });
    expect(model.get('theirs').status?.completedAt).toBeUndefined();
  });

  it.each(['nightly', 'nightly/', '../x', 'nightly/../../secret', '/etc/passwd', 'nightly/a//b'])(
    'imports nothing from %s',
    (where) => {
      const model = new BackupModel(NOON);
      model.add('theirs', {}, { metadata: { annotations: { 'influxaddon.dev/import': where } } });
      model.settle();
      const conditions = model.get('theirs').status?.conditions ?? [];
      expect(conditions.find(({ type }) => type === 'Stalled')).toMatchObject({
        reason: 'ImportRefused',
        status: 'True',
      });
      expect(model.get('theirs').status?.completedAt).toBeUndefined();
    },
  );

  it('waits for one that has begun before', () => {
    const other = restoreOf({
      metadata: { name: 'other', uid: 'other' },
      status: { startedAt: NOON.toISOString() },
    });
    expect(told(worldOf({ others: [other] })).reason).toBe('Waiting');
  });

  it('is completed only when the addon says that it runs on the new volume', () => {
    const restore = restoreOf({
      status: { startedAt: 'x', restoredAt: 'x', claim: 'new', previousClaim: CLAIM },
    });
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'Ready',
      message: '',
      lastTransitionTime: '',
    };
    const addon = addonOf(NOON);
    const on = (claim: string | undefined) => {
      const status = {
        ...addon.status,
        observedGeneration: 0,
        conditions: [ready],
        storage: { ...(claim && { claim }) },
      };
      return { ...addon, metadata: { ...addon.metadata, generation: 0 }, status };
    };
    expect(told(worldOf({ restore, addon: on(undefined) })).reason).toBeUndefined();
    expect(told(worldOf({ restore, addon: on('new') })).reason).toBe('Completed');
  });

  it('that failed leaves no volume, and never takes one that is in force or that it did not make', () => {
    const restore = restoreOf({ status: { startedAt: 'x', failedAt: 'x', claim: 'new' } });
    const deleted = (claim: Live<PersistentVolumeClaim>, inForceClaim?: string) =>
      decideRestore(
        worldOf({
          restore,
          claim,
          inForce: { ...inForce(), ...(inForceClaim === undefined ? {} : { claim: inForceClaim }) },
        }),
        NOON,
      ).actions.map((action) => action.do);
    const own = { 'influxaddon.dev/restored-by': 'restore-uid' };
    expect(deleted(claimOf('new', own))).toEqual(['delete']);
    expect(deleted(claimOf('new', own), 'new')).toEqual([]);
    expect(deleted(claimOf('new'))).toEqual([]);
  });

  it('that is deleted on the way goes with its volume; one whose data is whole is finished first', () => {
    const metadata = {
      name: 'undo',
      deletionTimestamp: NOON.toISOString(),
      finalizers: ['influxaddon.dev/restore'],
    };
    const claim = claimOf('new', { 'influxaddon.dev/restored-by': 'restore-uid' });
    const under = restoreOf({ metadata, status: { startedAt: 'x', claim: 'new' } });
    expect(decideRestore(worldOf({ restore: under, claim }), NOON).actions[0]).toMatchObject({
      do: 'delete',
    });
    expect(decideRestore(worldOf({ restore: under }), NOON).actions[0]).toMatchObject({
      do: 'finalizers',
      finalizers: [],
    });
    const whole = restoreOf({ metadata, status: { startedAt: 'x', restoredAt: 'x', claim: 'new' } });
    expect(decideRestore(worldOf({ restore: whole, claim }), NOON).actions).toEqual([]);
  });
});

describe('the claim with the data of before', () => {
  const HOUR_MS = 3_600_000;
  const finalizers = ['influxaddon.dev/restore'];
  const status = { startedAt: NOON.toISOString(), completedAt: NOON.toISOString(), claim: 'new' };
  const done = { status: { ...status, restoredAt: 'x', previousClaim: CLAIM } };
  const kept = (metadata: object = {}) => {
    const claim = claimOf(CLAIM, { 'influxaddon.dev/id': 'my_app_3707' });
    const creationTimestamp = '2030-01-01T00:00:00Z';
    return { ...claim, metadata: { ...claim.metadata, creationTimestamp, ...metadata } };
  };
  const left = (overrides: Partial<RestoreWorld> = {}, metadata: object = {}): RestoreWorld =>
    worldOf({
      restore: restoreOf({ ...done, metadata: { name: 'undo', finalizers, ...metadata } }),
      inForce: { ...inForce(), claim: 'new' },
      current: claimOf('new'),
      previous: kept(),
      mounted: 'new',
      ...overrides,
    });
  const later = new Date(NOON.getTime() + 24 * HOUR_MS);
  const deleted = { deletionTimestamp: NOON.toISOString() };
  const release = [{ do: 'finalizers', finalizers: [] }];

  it('stays for a day, then it goes as it was seen, and the restore is let go', () => {
    const early = new Date(NOON.getTime() + 23 * HOUR_MS);
    expect(decideRestore(left(), early)).toEqual({ actions: [], requeueAfterMs: HOUR_MS });
    const { actions } = decideRestore(left(), later);
    expect(actions).toMatchObject([{ do: 'delete', live: { metadata: { uid: `${CLAIM}-uid` } } }]);
    expect(decideRestore(left({ previous: undefined }), later).actions).toMatchObject(release);
    expect(decideRestore(left({ previous: kept(deleted) }), later).actions).toMatchObject(release);
  });

  it('goes before that when the restore is deleted', () => {
    expect(decideRestore(left({}, deleted), NOON).actions).toMatchObject([{ do: 'delete' }]);
    const away = left({ previous: undefined }, deleted);
    expect(decideRestore(away, NOON).actions).toMatchObject(release);
  });

  const other = (rest: object) => [
    restoreOf({ metadata: { name: 'o', uid: 'o' }, status: { claim: CLAIM, ...rest } }),
  ];
  it.each<[string, Partial<RestoreWorld>]>([
    ['is in force', { inForce: { ...inForce(), claim: CLAIM } }],
    ['is in force as status has it', { current: claimOf(CLAIM) }],
    ['is not known to be out of force', { inForce: undefined }],
    ['is filled by another restore', { others: other({ startedAt: 'x' }) }],
    ['is of another database', { previous: claimOf(CLAIM, { 'influxaddon.dev/id': 'my_app_1' }) }],
    ['was made since', { previous: kept({ creationTimestamp: '2030-01-09T12:00:01Z' }) }],
    ['is of an addon that is gone', { addon: undefined }],
    ['is of a namespace that goes', { namespaceTerminating: true }],
  ])('never goes when it %s', (_, overrides) => {
    for (const metadata of [{}, deleted])
      expect(decideRestore(left(overrides, metadata), later).actions).toMatchObject(release);
  });

  it('waits while a pod has it mounted', () => {
    for (const metadata of [{}, deleted])
      expect(decideRestore(left({ mounted: CLAIM }, metadata), later)).toEqual({
        actions: [],
        requeueAfterMs: 60_000,
      });
  });

  it('stays where it was once told that it does: the restore was let go when it was completed', () => {
    expect(decideRestore(left({}, { finalizers: [] }), later).actions).toEqual([]);
  });
});

describe('into an addon whose volume is lost', () => {
  const lost = { type: 'Stalled', status: 'True' as const, reason: 'DataLost', message: '' };
  const away = { type: 'Available', status: 'False' as const, reason: 'Blocked', message: '' };
  const conditions = [lost, away].map((each) => ({ ...each, lastTransitionTime: NOON.toISOString() }));
  const addon = addonOf(NOON);

  it('a restore makes a claim of its own, as the plan has it', () => {
    const told = { ...addon, status: { ...addon.status, conditions } };
    const { action } = begun(worldOf({ addon: told, current: undefined }));
    expect(action).toMatchObject({
      do: 'create',
      object: { spec: { resources: { requests: { storage: inForce().plan.spec.storage.size } } } },
    });
  });

  it('and waits while nobody knows yet that it is', () => {
    expect(told(worldOf({ current: undefined })).reason).toBe('Waiting');
  });
});
