import { describe, expect, it } from 'vitest';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import { addonOf, FACTS, inForce, live, NAMESPACE, worldOf } from '../testing/fixtures.ts';
import { holdForBackup } from './before-upgrade.ts';
import { finalBackup } from './final.ts';
import { backupHealth } from './health.ts';
import { fillFromBackup } from './fill.ts';
import { onVolume } from './volume.ts';
import type { Backup } from '../world/world.ts';

const NOW = new Date('2030-01-10T12:00:00Z');
const HOUR_MS = 3_600_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms).toISOString();
const STATUS = { id: 'my_app_3707', dataPlane: { revision: 'r', verifiedAt: ago(0) } };
const BACKUPS = { storeRef: { name: 'nightly' } };

function addon(spec: Parameters<typeof addonOf>[0] = {}, metadata: object = {}) {
  return addonOf(
    { backups: BACKUPS, ...spec },
    { metadata: { creationTimestamp: ago(9e9), ...metadata }, status: STATUS },
  );
}

const ABOUT = {
  name: 'my-app',
  id: 'my_app_3707',
  uid: addonOf().metadata.uid,
  version: '1.7.11',
};

function backup(
  kind: InfluxBackup['spec']['kind'],
  at: string,
  status: Partial<InfluxBackup['status'] & object> = {},
): Backup {
  return live<InfluxBackup>({
    metadata: { namespace: NAMESPACE, creationTimestamp: at },
    spec: { addonRef: { name: 'my-app' }, ...(kind === undefined ? {} : { kind }) },
    status: { addon: ABOUT, startedAt: at, ...status },
  });
}

const world = (overrides: Partial<Parameters<typeof worldOf>[0] & object> = {}) =>
  worldOf({ addon: addon(), backups: { all: [], storeExists: true }, ...overrides });

describe('an upgrade of an addon with a store', () => {
  const facts = { openedBy: '1.7.11', inForce: inForce('1g', '1.7.11') };
  const hold = (all: Backup[], spec = {}, metadata = {}) =>
    holdForBackup(
      world({ addon: addon(spec, metadata), backups: { all, storeExists: true } }),
      facts,
      '1.8.10',
      NOW,
    );

  it('makes a backup first, with the same name from whoever makes it', () => {
    const [a, b] = [hold([]), hold([])];
    expect(a?.action).toMatchObject({
      do: 'create',
      object: { spec: { kind: 'BeforeUpgrade', deletionPolicy: 'Retain' } },
    });
    expect(a?.action).toEqual(b?.action);
  });

  it('waits for one that is being taken, and says which', () => {
    const held = hold([backup('BeforeUpgrade', ago(60_000))]);
    expect(held).toMatchObject({ action: undefined, refusal: { waiting: 'Upgrading' } });
  });

  it('goes on once it is whole', () => {
    expect(hold([backup('BeforeUpgrade', ago(HOUR_MS), { completedAt: ago(0) })])).toBeUndefined();
  });

  it('goes on with one that took long', () => {
    const long = backup('BeforeUpgrade', ago(9 * HOUR_MS), { completedAt: ago(0.9 * HOUR_MS) });
    expect(hold([long])).toBeUndefined();
  });

  const whole = (status: object, annotations: Record<string, string> = {}) => {
    const found = backup('BeforeUpgrade', ago(HOUR_MS), { completedAt: ago(0), ...status });
    return { ...found, metadata: { ...found.metadata, annotations } };
  };
  it.each<[string, Backup]>([
    ['of some hours ago', whole({ completedAt: ago(1.1 * HOUR_MS) })],
    ['of a former addon of this name', whole({ addon: { ...ABOUT, uid: 'former' } })],
    ['that an engine before the present one has written', whole({ addon: { ...ABOUT, version: '1.7.10' } })],
    ['that was found in a store', whole({}, { 'influxaddon.dev/listed': '{}' })],
    ['that somebody put into a store', whole({}, { 'influxaddon.dev/import': 'nightly/it.tar.gz' })],
    ['that stands for a running database', whole({}, { 'influxaddon.dev/import-from': 'old' })],
  ])('does not take one %s for it, and makes another', (_, found) => {
    const [first, another] = [hold([])?.action, hold([found])?.action];
    expect(another).toMatchObject({ do: 'create' });
    expect(another).not.toEqual(first);
  });

  it('asks the API server again about an upgrade that it refused before it makes the next one', () => {
    const some = backup('BeforeUpgrade', ago(20 * HOUR_MS), { completedAt: ago(19 * HOUR_MS) });
    const asked = (verdict: 'Refused' | 'Taken') => {
      const dryRun = { of: 'x', generation: 1, verdict, sinceMs: 0, untilMs: 0 };
      const backups = { all: [some], storeExists: true };
      return holdForBackup(
        { ...world({ backups }), memory: { ...world().memory, dryRun } },
        facts,
        '1.8.10',
        NOW,
      );
    };
    expect(asked('Refused')).toBeUndefined();
    expect(asked('Taken')?.action).toBeDefined();
  });

  it('is held by one that failed, until it is tried again', () => {
    const failed = (ms: number) => hold([backup('BeforeUpgrade', ago(HOUR_MS), { failedAt: ago(ms) })]);
    expect(failed(60_000)).toMatchObject({
      action: undefined,
      refusal: { reason: 'BackupFailed' },
      wakeMs: 540_000,
    });
    expect(failed(11 * 60_000)?.action).toBeDefined();
  });

  it.each([
    [
      'the user takes the risk for this version',
      {},
      { annotations: { 'influxaddon.dev/skip-backup': '1.8.10' } },
      true,
    ],
    [
      'the user takes the risk for another version',
      {},
      { annotations: { 'influxaddon.dev/skip-backup': '1.8.5' } },
      false,
    ],
    ['there is no store', { backups: undefined }, {}, true],
  ])('when %s', (_, spec, metadata, free) => {
    const { backups: _none, ...rest } = addon().spec;
    const base = addon({}, metadata);
    const subject = 'backups' in spec ? { ...base, spec: rest } : base;
    const held = holdForBackup(world({ addon: subject }), facts, '1.8.10', NOW);
    expect(held === undefined).toBe(free);
  });

  it('needs none on the way back from a version that never opened the data', () => {
    const back = { openedBy: '1.7.11', inForce: inForce('1g', '1.8.10') };
    expect(holdForBackup(world(), back, '1.7.11', NOW)).toBeUndefined();
  });
});

describe('deletion under the policy Backup', () => {
  const deleted = { deletionTimestamp: ago(HOUR_MS), finalizers: ['influxaddon.dev/operator'] };
  const final = (all: Backup[]) =>
    finalBackup(
      world({ addon: addon({ deletionPolicy: 'Backup' }, deleted), backups: { all, storeExists: true } }),
    ).state;

  it('makes one, waits for it, and is done', () => {
    expect(final([])).toBe('Make');
    expect(final([backup('Final', ago(60_000))])).toBe('Wait');
    expect(final([backup('Final', ago(60_000), { failedAt: ago(0) })])).toBe('Failed');
    expect(final([backup('Final', ago(60_000), { completedAt: ago(0) })])).toBe('Done');
  });

  it('does not take one of before the deletion for the last', () => {
    expect(final([backup('Final', ago(2 * HOUR_MS), { completedAt: ago(HOUR_MS) })])).toBe('Make');
  });
});

describe('BackupsHealthy', () => {
  const health = (all: Backup[], spec = {}, storeExists = true) =>
    backupHealth(world({ addon: addon(spec), backups: { all, storeExists } }), NOW);
  const today = backup('Scheduled', '2030-01-10T00:30:00Z', { completedAt: '2030-01-10T01:00:00Z' });
  const yesterday = backup('Scheduled', '2030-01-09T00:30:00Z', { completedAt: '2030-01-09T01:00:00Z' });

  it('is true when the last due backup is there, and status tells of it', () => {
    const told = health([
      yesterday,
      { ...today, status: { ...today.status, startedAt: '2030-01-10T00:59:59Z' } },
    ]);
    expect(told.condition).toMatchObject({ status: true, reason: 'UpToDate' });
    expect(told.status).toMatchObject({ last: { time: '2030-01-10T01:00:00Z' } });
    expect(told.status?.next?.slice(0, 13)).toBe('2030-01-11T00');
    expect(told.wakeMs).toBeLessThan(16 * HOUR_MS);
  });

  it('is false when it is missing, with what is known', () => {
    const failed = backup('Scheduled', '2030-01-10T00:30:00Z', { failedAt: '2030-01-10T03:00:00Z' });
    expect(health([yesterday, failed]).condition).toMatchObject({ status: false, reason: 'BackupMissing' });
  });

  it.each([
    ['there is no store of that name', {}, false, { status: false, reason: 'StoreMissing' }],
    [
      'the schedule is off',
      { backups: { ...BACKUPS, schedule: { mode: 'Disabled' as const } } },
      true,
      { status: true },
    ],
    ['the addon is stopped', { state: 'Stopped' as const }, true, { status: true, reason: 'Stopped' }],
  ])('when %s', (_, spec, storeExists, expected) => {
    expect(health([], spec, storeExists).condition).toMatchObject(expected);
  });

  it('is false when no backup was restored for a test for too long, if that was asked for', () => {
    const spec = { backups: { ...BACKUPS, verify: 'Weekly' as const } };
    const old = backup('Scheduled', '2030-01-01T00:30:00Z', { completedAt: '2030-01-01T01:00:00Z' });
    const fresh = { ...today, status: { ...today.status, startedAt: '2030-01-10T00:59:59Z' } };
    expect(health([old, fresh], spec).condition).toMatchObject({ status: false, reason: 'NotVerified' });
    const drilled = { ...old, status: { ...old.status, restorable: { at: ago(HOUR_MS) } } };
    expect(health([drilled, fresh], spec).condition).toMatchObject({ status: true });
  });

  it('has beside it which backup was last restored for a test, and when', () => {
    const drilled = (of: Backup, at: string, name: string) => ({
      ...of,
      metadata: { ...of.metadata, name },
      status: { ...of.status, restorable: { at } },
    });
    expect(health([yesterday, today]).status?.lastVerified).toBeUndefined();
    const older = drilled(yesterday, ago(HOUR_MS), 'older');
    const lastVerified = { name: 'older', time: ago(HOUR_MS) };
    expect(health([older, today]).status).toMatchObject({ lastVerified });
    // The newest that was: a later drill with an older backup takes nothing back.
    const newest = drilled(today, ago(2 * HOUR_MS), 'newest');
    expect(health([older, newest]).status?.lastVerified).toEqual({ name: 'newest', time: ago(2 * HOUR_MS) });
  });

  it('is false after a drill that failed, with its words, until another succeeds', () => {
    const spec = { backups: { ...BACKUPS, verify: 'Weekly' as const } };
    const fresh = { ...today, status: { ...today.status, startedAt: '2030-01-10T00:59:59Z' } };
    const drill = { attempts: 3, failedAt: ago(HOUR_MS), reason: 'CountsDiffer', message: 'one is missing' };
    const failed = { ...yesterday, status: { ...yesterday.status, drill } };
    expect(health([failed, fresh], spec).condition).toMatchObject({
      status: false,
      reason: 'NotVerified',
      message: expect.stringMatching(/CountsDiffer.*one is missing/) as string,
    });
    const drilled = { ...fresh, status: { ...fresh.status, restorable: { at: ago(HOUR_MS) } } };
    expect(health([failed, drilled], spec).condition).toMatchObject({ status: true });
    expect(health([failed, fresh]).condition).toMatchObject({ status: true });
  });

  it('is not there without a store', () => {
    const { backups: _none, ...spec } = addon().spec;
    expect(backupHealth(worldOf({ addon: { ...addon(), spec } }), NOW)).toMatchObject({
      condition: undefined,
    });
  });
});

describe('the volume', () => {
  const restore = (status: object, metadata: object = {}) =>
    live({ metadata: { namespace: NAMESPACE, ...metadata }, spec: {}, status }) as never;
  const target = inForce();

  it.each([
    ['is that of a restore that is whole', { restoredAt: 'x', claim: 'new' }, {}, 'new'],
    ['is not that of one that is not', { claim: 'new' }, {}, undefined],
    ['is not that of one that failed', { restoredAt: 'x', claim: 'new', failedAt: 'x' }, {}, undefined],
    [
      'is not switched to by one that fills a new addon',
      { restoredAt: 'x', claim: 'new' },
      { ownerReferences: [{ kind: 'InfluxAddon', name: 'my-app', uid: 'u', apiVersion: 'v' }] },
      undefined,
    ],
  ])('%s', (_, status, metadata, expected) => {
    expect(onVolume(target, { inForce: target }, [restore(status, metadata)], undefined).claim).toBe(
      expected,
    );
  });

  it('stays what is recorded, and what status says when every record is lost', () => {
    expect(onVolume(target, { inForce: { ...target, claim: 'second' } }, [], undefined).claim).toBe('second');
    expect(onVolume(target, { inForce: undefined }, [], 'second').claim).toBe('second');
  });
});

describe('an addon that begins with a backup', () => {
  const spec = { restoreFrom: { backupRef: { name: 'mine' } } };

  it('makes a restore of its own, and waits for it', () => {
    expect(fillFromBackup(world({ addon: addonOf(spec) }), FACTS)).toMatchObject({
      state: 'Make',
      action: { object: { spec: { backupRef: { name: 'mine' }, overwrite: FACTS.id } } },
    });
  });

  it('does not again when its data is lost: an InfluxRestore does that', () => {
    expect(fillFromBackup(world({ addon: addon(spec) }), FACTS)).toBeUndefined();
  });

  it('asks for nothing on a volume that was kept, filled, or is in use', () => {
    const claim = (annotations: Record<string, string>) =>
      live({
        apiVersion: 'v1' as const,
        kind: 'PersistentVolumeClaim' as const,
        metadata: { name: 'c', annotations },
      });
    const { children } = world();
    const own = { 'influxaddon.dev/made-for': addon().metadata.uid };
    for (const annotations of [{}, { ...own, 'influxaddon.dev/restored-from': 'mine' }]) {
      const filled = world({ addon: addonOf(spec), children: { ...children, claim: claim(annotations) } });
      expect(fillFromBackup(filled, FACTS)).toBeUndefined();
    }
  });
});
