import { describe, expect, it } from 'vitest';
import { KEPT } from '../../backup/keep.ts';
import type { Pod } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { BackupModel, CLUSTER } from '../testing/model.ts';
import { fail, succeed } from '../testing/jobs.ts';

const NOON = new Date('2030-01-09T12:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Backups by hand only. */
function unscheduled(): BackupModel {
  const model = new BackupModel(NOON);
  const backups = { storeRef: { name: 'nightly' }, schedule: { mode: 'Disabled' as const } };
  model.addon = { ...model.addon!, spec: { ...model.addon!.spec, backups } };
  return model;
}

function reasonOf(model: BackupModel, name: string): string | undefined {
  return model.get(name).status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
}

function conditionsOf(model: BackupModel, name: string): string[] {
  return (model.get(name).status?.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type }) => type);
}

describe('a backup by hand', () => {
  it('is one status, one Job and one status, and says what was found', () => {
    const model = new BackupModel(NOON);
    model.add('mine');
    model.settle();
    expect(model.writes).toEqual([
      'status InfluxBackup mine',
      `create Job backup-${model.get('mine').metadata.uid}-1`,
      'status InfluxBackup mine',
    ]);
    const { status } = model.get('mine');
    expect(status).toMatchObject({
      location: { cluster: CLUSTER, namespace: 'shop', addonId: 'my_app_3707' },
      store: { name: 'nightly', location: 's3://backups at https://s3.example.com' },
      verified: 'Counts',
      points: 1234,
      size: '4.8 MiB',
      observedGeneration: 1,
    });
    expect(conditionsOf(model, 'mine')).toEqual(['Ready']);
    expect(model.objects.size).toBe(1);
    model.writes.length = 0;
    model.settle();
    expect(model.writes).toEqual([]);
  });

  it('is whole once, wherever the operator is killed', () => {
    const whole = new BackupModel(NOON);
    whole.add('mine');
    whole.settle();
    for (let n = 0; n <= whole.writes.length; n += 1) {
      const model = new BackupModel(NOON);
      model.add('mine');
      model.settle(n);
      model.settle();
      expect(model.get('mine').status).toEqual(whole.get('mine').status);
      expect(model.jobs).toHaveLength(1);
    }
  });

  it('asks the store again when the Job went with its result', () => {
    const model = new BackupModel(NOON);
    model.behaviour = () => 'Runs';
    model.add('mine');
    model.settle();
    model.tasks.clear();
    model.behaviour = succeed;
    model.settle();
    expect(reasonOf(model, 'mine')).toBe('Completed');
    expect(model.jobs.map(({ operation }) => operation)).toEqual(['backup', 'backup']);
  });

  it('is tried five times when the store is busy, then failed, and never said to be completed', () => {
    const model = unscheduled();
    model.behaviour = (spec) => fail(spec, 'StoreBusy', true);
    model.add('mine');
    for (let n = 0; n < 20; n += 1) {
      const wait = model.settle();
      expect(conditionsOf(model, 'mine')).not.toContain('Ready');
      model.pass(wait ?? DAY_MS);
    }
    expect(model.jobs).toHaveLength(5);
    expect(reasonOf(model, 'mine')).toBe('StoreBusy');
    expect(conditionsOf(model, 'mine')).toEqual(['Stalled']);
    expect(model.get('mine').status?.completedAt).toBeUndefined();
  });

  it('is not tried again for what trying does not mend', () => {
    const model = new BackupModel(NOON);
    model.behaviour = (spec) => fail(spec, 'StoreDenied', false);
    model.add('mine');
    model.settle();
    expect([model.jobs.length, reasonOf(model, 'mine')]).toEqual([1, 'StoreDenied']);
  });

  it('is tried again when its pod ended without a word', () => {
    const model = new BackupModel(NOON);
    model.behaviour = () => 'Vanishes';
    model.add('mine');
    model.pass(model.settle() ?? 0);
    model.behaviour = succeed;
    model.settle();
    expect([model.jobs.length, reasonOf(model, 'mine')]).toEqual([2, 'Completed']);
  });

  it.each([
    ['there is no addon', (model: BackupModel) => void (model.addon = undefined), 'AddonMissing'],
    [
      'it names no store',
      (model: BackupModel) => void (model.addon = { ...model.addon!, spec: { plan: '1g' } }),
      'NoStore',
    ],
    ['the store is not there', (model: BackupModel) => model.stores.clear(), 'StoreMissing'],
    [
      'the database is stopped',
      (model: BackupModel) =>
        void (model.addon = { ...model.addon!, spec: { ...model.addon!.spec, state: 'Stopped' } }),
      'DatabaseNotRunning',
    ],
    [
      'the database does not answer',
      (model: BackupModel) => void (model.reach = undefined),
      'DatabaseNotRunning',
    ],
  ])('waits an hour and fails when %s', (_, change, reason) => {
    const model = new BackupModel(NOON);
    change(model);
    model.add('mine');
    model.settle();
    expect(reasonOf(model, 'mine')).toBe('Waiting');
    model.pass(HOUR_MS);
    model.settle();
    expect(reasonOf(model, 'mine')).toBe(reason);
    expect(model.jobs).toEqual([]);
  });

  it('is tried again with the place free meanwhile when the pod of its Job does not start', () => {
    const model = new BackupModel(NOON);
    model.behaviour = () => 'Runs';
    model.add('mine');
    model.settle();
    const [name, task] = [...model.tasks][0]!;
    const pending = { metadata: { name: 'its-pod' }, status: { phase: 'Pending' } } as Live<Pod>;
    model.pass(599_000);
    for (const pod of [undefined, pending]) {
      model.tasks.set(name, { job: task?.job, pod });
      expect(model.decide().actions).toEqual([]);
    }
    model.pass(1_000);
    const started = { ...pending, status: { phase: 'Running' } };
    model.tasks.set(name, { job: task?.job, pod: started });
    expect(model.decide().actions).toEqual([]);
    model.tasks.set(name, { job: task?.job, pod: pending });
    expect(model.decide().actions).toMatchObject([{ do: 'giveUp', names: [name, 'its-pod'] }]);
    model.tasks.set(name, { job: task?.job, pod: undefined });
    expect(model.decide().actions).toMatchObject([{ do: 'giveUp', names: [name] }]);
    model.settle();
    expect(model.tasks.size).toBe(0);
    const { status } = model.get('mine');
    expect(status?.retryAt).toBeDefined();
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ reason: 'Retrying' });
    expect(ready?.message).toMatch(/did not start within 10 minutes: it was not made\. exceeded quota: pods/);
  });

  it('waits for as long as it takes while ten others are taken', () => {
    const model = new BackupModel(NOON);
    model.busy = 10;
    model.add('mine');
    model.settle();
    model.pass(5 * HOUR_MS);
    model.settle();
    expect(reasonOf(model, 'mine')).toBe('Waiting');
    model.busy = 9;
    model.settle();
    expect(reasonOf(model, 'mine')).toBe('Completed');
  });

  it('is never taken beside another one of its addon', () => {
    const model = new BackupModel(NOON);
    model.behaviour = () => 'Runs';
    for (const name of ['a', 'b', 'c']) model.add(name);
    model.settle();
    expect(model.jobs).toHaveLength(1);
    const [first = ''] = model.tasks.keys();
    model.end(first, succeed(model.jobs[0]!));
    model.settle();
    expect(model.jobs).toHaveLength(2);
    expect([reasonOf(model, 'a'), reasonOf(model, 'b'), reasonOf(model, 'c')]).toEqual([
      'Completed',
      'Running',
      'Waiting',
    ]);
  });

  it.each(['Starter', 'Business'] as const)(
    'is refused with the number beyond the quota of %s',
    (planClass) => {
      const model = new BackupModel(NOON);
      model.planClass = planClass;
      const { manual } = KEPT[planClass];
      for (let n = 0; n < manual + 1; n += 1) {
        model.add(`mine-${String(n).padStart(2, '0')}`);
        model.settle();
      }
      const names = [...model.backups.keys()];
      expect(
        names.map((name) => reasonOf(model, name)).filter((reason) => reason === 'Completed'),
      ).toHaveLength(manual);
      const last = model.get(names.at(-1) ?? '').status?.conditions?.find(({ type }) => type === 'Stalled');
      expect(last).toMatchObject({ status: 'True', reason: 'QuotaExceeded' });
      expect(last?.message).toContain(`keeps ${manual}`);
    },
  );

  it('beyond a rolling quota is taken, and the oldest goes once it is whole', () => {
    const model = unscheduled();
    const { spec } = model.addon!;
    model.addon = { ...model.addon!, spec: { ...spec, backups: { ...spec.backups!, quota: 'Rolling' } } };
    for (let n = 0; n < KEPT.Starter.manual; n += 1) {
      model.add(`mine-${n}`);
      model.settle();
      model.pass(60_000);
    }
    const taken = [...model.backups.keys()];
    model.behaviour = ({ operation }) => (operation === 'backup' ? 'Runs' : succeed(model.jobs.at(-1)!));
    model.add('more');
    model.settle();
    expect([...model.backups.keys()]).toEqual([...taken, 'more']);
    expect(model.objects.size).toBe(taken.length);
    const job = model.get('more').status?.job ?? '';
    model.end(job, succeed(model.jobs.at(-1)!));
    model.settle();
    expect(reasonOf(model, 'more')).toBe('Completed');
    expect([...model.backups.keys()]).toEqual([...taken.slice(1), 'more']);
  });
});

describe('a backup that is deleted', () => {
  it('leaves its objects in the store under Retain', () => {
    const model = new BackupModel(NOON);
    model.add('mine');
    model.settle();
    model.remove('mine');
    model.settle();
    expect([model.backups.size, model.objects.size]).toEqual([0, 1]);
  });

  it('goes by the policy that it has then, and says that an edit of it was seen', () => {
    const model = unscheduled();
    const { metadata } = model.add('mine');
    model.settle();
    expect(model.settle()).toBeUndefined();
    const { spec } = model.get('mine');
    const edited = { ...model.get('mine').metadata, generation: (metadata.generation ?? 0) + 1 };
    model.backups.set('mine', {
      ...model.get('mine'),
      metadata: edited,
      spec: { ...spec, deletionPolicy: 'Delete' },
    });
    model.settle();
    expect(model.get('mine').status).toMatchObject({ observedGeneration: edited.generation });
    expect(conditionsOf(model, 'mine')).toEqual(['Ready']);
    model.remove('mine');
    model.settle();
    expect([model.backups.size, model.objects.size]).toEqual([0, 0]);
  });

  it('takes its objects along under Delete, and nobody else’s', () => {
    const model = new BackupModel(NOON);
    model.add('other', { deletionPolicy: 'Delete' });
    model.add('mine', { deletionPolicy: 'Delete' });
    model.settle();
    const { uid } = model.get('mine').metadata;
    model.remove('mine');
    model.settle();
    expect([...model.backups.keys()]).toEqual(['other']);
    expect(model.objects).toEqual(new Set([model.get('other').metadata.uid]));
    expect(model.jobs.at(-1)).toMatchObject({ operation: 'delete', location: { uid } });
  });

  it('stays until its objects are gone, and says why', () => {
    const model = unscheduled();
    model.add('mine', { deletionPolicy: 'Delete' });
    model.settle();
    model.remove('mine');
    model.behaviour = (spec) => fail(spec, 'StoreBusy', true);
    for (let n = 0; n < 8; n += 1) model.pass(model.settle() ?? 0);
    expect(conditionsOf(model, 'mine')).toEqual(['Stalled']);
    expect(model.objects.size).toBe(1);
    model.behaviour = succeed;
    model.pass(model.settle() ?? 0);
    model.pass(2 * HOUR_MS);
    model.settle();
    expect([model.backups.size, model.objects.size]).toEqual([0, 0]);
  });

  it('is stopped first while it is taken', () => {
    const model = new BackupModel(NOON);
    model.behaviour = (spec) => (spec.operation === 'backup' ? 'Runs' : succeed(spec));
    model.add('mine', { deletionPolicy: 'Delete' });
    model.settle();
    model.remove('mine');
    model.settle();
    expect(model.backups.size).toBe(0);
    const verbs = model.writes.map((write) => write.split(/ (?=backup-|delete-|mine)/)[0]);
    expect(verbs.indexOf('delete Job')).toBeLessThan(verbs.lastIndexOf('create Job'));
  });

  it('holds up no namespace that is being deleted', () => {
    const model = new BackupModel(NOON);
    model.add('mine', { deletionPolicy: 'Delete' });
    model.settle();
    const jobs = model.jobs.length;
    model.namespaceTerminating = true;
    model.remove('mine');
    model.add('late');
    model.settle();
    expect([model.backups.has('mine'), model.jobs.length, model.objects.size]).toEqual([false, jobs, 1]);
  });
});

describe('a backup whose time has come', () => {
  it('is kept while it is restored, and goes when that has ended', () => {
    const model = unscheduled();
    const { spec } = model.addon!;
    model.addon = { ...model.addon!, spec: { ...spec, backups: { ...spec.backups!, quota: 'Rolling' } } };
    for (let n = 0; n <= KEPT.Starter.manual; n += 1) {
      model.add(`mine-${n}`);
      if (n === 0) model.needed.add('mine-0');
      model.settle();
      model.pass(60_000);
    }
    expect(model.get('mine-0').status?.expiredAt).toBeUndefined();
    expect([reasonOf(model, 'mine-0'), model.objects.size]).toEqual(['Completed', KEPT.Starter.manual + 1]);
    model.needed.clear();
    model.settle();
    expect(model.backups.has('mine-0')).toBe(false);
    expect(model.objects.size).toBe(KEPT.Starter.manual);
  });
});

describe('the schedule', () => {
  it('takes one a day and keeps what the rule says, for 100 days', () => {
    const model = new BackupModel(new Date('2030-01-01T12:00:00Z'));
    for (const end = NOON.getTime() + 100 * DAY_MS; model.now.getTime() < end; ) {
      const wait = model.settle();
      expect(model.backups.size).toBeLessThanOrEqual(KEPT.Starter.daily + KEPT.Starter.weekly);
      model.pass(wait ?? HOUR_MS);
    }
    const taken = model.jobs.filter(({ operation }) => operation === 'backup');
    expect(taken).toHaveLength(108);
    expect(model.objects).toEqual(new Set([...model.backups.values()].map(({ metadata }) => metadata.uid)));
  });

  it('makes up for a week without an operator with one', () => {
    const model = new BackupModel(NOON);
    model.pass(7 * DAY_MS);
    model.settle();
    expect(model.jobs).toHaveLength(1);
  });

  it.each([
    ['stopped', { state: 'Stopped' as const }],
    ['switched off', { backups: { storeRef: { name: 'nightly' }, schedule: { mode: 'Disabled' as const } } }],
  ])('takes none while it is %s', (_, spec) => {
    const model = new BackupModel(NOON);
    model.addon = { ...model.addon!, spec: { ...model.addon!.spec, ...spec } };
    model.pass(3 * DAY_MS);
    model.settle();
    expect(model.writes).toEqual([]);
  });

  it('takes none before there is a database, nor while the addon is paused', () => {
    const model = new BackupModel(NOON);
    const { addon } = model;
    const annotations = { 'influxaddon.dev/paused': 'true' };
    for (const each of [
      { ...addon!, status: { id: 'my_app_3707' } },
      { ...addon!, metadata: { ...addon!.metadata, annotations } },
    ]) {
      model.addon = each;
      model.pass(DAY_MS);
      model.settle();
    }
    expect(model.writes).toEqual([]);
  });

  it('tidies up after itself when everything fails, but for the last week', () => {
    const model = new BackupModel(new Date('2030-01-01T12:00:00Z'));
    model.behaviour = (spec) => fail(spec, 'StoreDenied', false);
    for (const end = NOON.getTime() + 60 * DAY_MS; model.now.getTime() < end; )
      model.pass(model.settle() ?? HOUR_MS);
    expect(model.backups.size).toBeLessThanOrEqual(10);
  });

  it('leaves those of another cluster alone', () => {
    const model = new BackupModel(NOON);
    for (let n = 0; n < 30; n += 1) {
      const at = new Date(NOON.getTime() - n * DAY_MS).toISOString();
      const location = { cluster: 'another', namespace: 'shop', addonId: 'my_app_3707', uid: `uid-000${n}` };
      const status = { location, startedAt: at, completedAt: at, store: { name: 'nightly' } };
      model.add(`theirs-${n}`, { kind: 'Scheduled' }, { status });
    }
    model.addon = undefined;
    model.pass(500 * DAY_MS);
    model.settle();
    expect(model.backups.size).toBe(30);
  });
});

describe('a weekly drill', () => {
  function verified(): BackupModel {
    const model = new BackupModel(new Date('2030-01-01T12:00:00Z'));
    const backups = { storeRef: { name: 'nightly' }, verify: 'Weekly' as const };
    model.addon = { ...model.addon!, spec: { ...model.addon!.spec, backups } };
    return model;
  }
  const drills = (model: BackupModel) => model.jobs.filter(({ operation }) => operation === 'drill').length;

  it('restores the newest backup once a week, and says so on it', () => {
    const model = verified();
    for (const end = model.now.getTime() + 29 * DAY_MS; model.now.getTime() < end; )
      model.pass(Math.min(model.settle() ?? HOUR_MS, 6 * HOUR_MS));
    expect(drills(model)).toBeGreaterThanOrEqual(4);
    expect(drills(model)).toBeLessThanOrEqual(5);
    const drilled = [...model.backups.values()].filter(({ status }) => status?.restorable !== undefined);
    expect(drilled.length).toBeGreaterThan(0);
    expect(drilled.every(({ status }) => status?.restorable?.points === 1234)).toBe(true);
  });

  it('that fails leaves the backup what it is, and is tried with the next one', () => {
    const model = verified();
    model.behaviour = (spec) =>
      spec.operation === 'drill' ? fail(spec, 'StoreDenied', false) : succeed(spec);
    for (const end = model.now.getTime() + 5 * DAY_MS; model.now.getTime() < end; )
      model.pass(Math.min(model.settle() ?? HOUR_MS, 6 * HOUR_MS));
    expect(drills(model)).toBe(5);
    for (const name of model.backups.keys()) expect(conditionsOf(model, name)).toEqual(['Ready']);
    expect([...model.backups.values()].every(({ status }) => status?.restorable === undefined)).toBe(true);
  });
});

describe('a place for a drill', () => {
  const WEEKLY = { backups: { storeRef: { name: 'nightly' }, verify: 'Weekly' as const } };

  function wanted(): BackupModel {
    const model = new BackupModel(NOON);
    model.addon = { ...model.addon!, spec: { ...model.addon!.spec, ...WEEKLY } };
    return model;
  }
  const operations = (model: BackupModel) => model.jobs.map(({ operation }) => operation);

  it('waits while ten others are drilled, says so, and keeps no backup waiting', () => {
    const model = wanted();
    model.drilling = 10;
    model.add('mine');
    model.settle();
    expect(operations(model)).toEqual(['backup']);
    expect(model.get('mine').status?.drill).toMatchObject({ attempts: 0, reason: 'Waiting' });
    expect(model.get('mine').status?.drill?.message).toContain('10 others');
    const writes = model.writes.length;
    model.settle();
    expect(model.writes).toHaveLength(writes);
    // What waits is the newest, and no longer what was the newest.
    model.pass(HOUR_MS);
    model.add('newer');
    model.settle();
    expect(model.get('mine').status?.drill).toBeUndefined();
    expect(model.get('newer').status?.drill).toMatchObject({ reason: 'Waiting' });
    expect(operations(model)).toEqual(['backup', 'backup']);
    model.drilling = 9;
    model.settle();
    expect(operations(model)).toEqual(['backup', 'backup', 'drill']);
    expect(model.get('newer').status).toMatchObject({ restorable: { points: 1234 } });
    expect(model.get('newer').status?.drill).toBeUndefined();
  });

  it('is not waited for any more once nobody wants drills', () => {
    const model = wanted();
    model.drilling = 10;
    model.add('mine');
    model.settle();
    model.addon = { ...model.addon!, spec: { plan: '1g', backups: { storeRef: { name: 'nightly' } } } };
    model.settle();
    expect(model.get('mine').status?.drill).toBeUndefined();
  });

  it.each([
    ['there is no addon any more', (model: BackupModel) => void (model.addon = undefined)],
    [
      'the addon is paused',
      (model: BackupModel) =>
        void (model.addon = {
          ...model.addon!,
          metadata: { ...model.addon!.metadata, annotations: { 'influxaddon.dev/paused': 'true' } },
        }),
    ],
    [
      'nobody wants drills any more',
      (model: BackupModel) => void (model.addon = { ...model.addon!, spec: { plan: '1g' } }),
    ],
  ])('is given back when the drill ends after %s', (_, change) => {
    const model = wanted();
    model.behaviour = (spec) => (spec.operation === 'drill' ? 'Runs' : succeed(spec));
    model.add('mine');
    model.settle();
    const job = model.get('mine').status?.job ?? '';
    expect(job).toMatch(/^drill-/);
    change(model);
    model.end(job, succeed(model.jobs.at(-1)!));
    model.settle();
    expect(model.get('mine').status?.job).toBeUndefined();
    expect(model.get('mine').status?.restorable).toBeDefined();
  });

  it('is given back when there is no database to make the Job for', () => {
    const model = wanted();
    model.behaviour = (spec) => (spec.operation === 'drill' ? 'Runs' : succeed(spec));
    model.add('mine');
    model.settle();
    model.tasks.clear();
    model.reach = undefined;
    model.settle();
    expect(model.get('mine').status?.job).toBeUndefined();
    model.reach = new BackupModel(NOON).reach;
    model.settle();
    expect(operations(model)).toEqual(['backup', 'drill', 'drill']);
  });
});

describe('after the addon', () => {
  it('the newest stays for ever, the others go by the rule, and their objects with them', () => {
    const model = new BackupModel(new Date('2030-01-01T12:00:00Z'));
    model.add('mine');
    for (let n = 0; n < 200; n += 1) model.pass(Math.min(model.settle() ?? HOUR_MS, DAY_MS));
    model.addon = undefined;
    for (let n = 0; n < 60; n += 1) model.pass(Math.min(model.settle() ?? DAY_MS, DAY_MS));
    expect(model.backups.size).toBe(1);
    expect(model.objects.size).toBe(1);
    const [left] = model.backups.values();
    expect(left?.status?.completedAt).toBeDefined();
  });
});

describe('an InfluxBackup that was found in a store', () => {
  const found = {
    store: 'nightly',
    storeLocation: 's3://backups at https://s3.example.com',
    location: { cluster: 'lost', namespace: 'shop', addonId: 'my_app_3707', uid: '11111111-2222' },
    manifestSha256: 'c'.repeat(64),
    addonName: 'my-app',
    startedAt: '2029-12-31T00:00:00Z',
  };

  it('is completed without anything being taken', () => {
    const model = new BackupModel(NOON);
    const annotations = { 'influxaddon.dev/listed': JSON.stringify(found) };
    model.add('theirs', {}, { metadata: { annotations } });
    model.settle();
    expect([reasonOf(model, 'theirs'), model.jobs.length]).toEqual(['Completed', 0]);
    expect(model.get('theirs').status?.location).toEqual(found.location);
  });

  it.each([
    ['what it says cannot be read', { uid: '../../other' }],
    ['it is of another namespace', { namespace: 'bank' }],
  ])('is not believed when %s', (_, change) => {
    const model = new BackupModel(NOON);
    const location = { ...found.location, ...change };
    const annotations = { 'influxaddon.dev/listed': JSON.stringify({ ...found, location }) };
    model.add('theirs', {}, { metadata: { annotations } });
    model.settle();
    expect(conditionsOf(model, 'theirs')).toEqual(['Stalled']);
    expect(model.jobs).toEqual([]);
  });
});
