import { describe, expect, it } from 'vitest';
import type { InfluxBackup } from '../../api/influx-backup.ts';
import type { ListEntry } from '../../backup/results.ts';
import { JOB_CONTAINER } from '../../backup/protocol.ts';
import { inForce } from '../../addon/testing/fixtures.ts';
import { hashOf } from '../../addon/world/hash.ts';
import type { Task } from '../world/job-state.ts';
import { inTheWay } from '../restores/obstacles.ts';
import { addonOf, BackupModel, storeOf } from '../testing/model.ts';
import { decideStore } from './decide.ts';

const NOON = new Date('2030-01-09T12:00:00Z');

const ENTRY: ListEntry = {
  location: { cluster: 'lost', namespace: 'shop', addonId: 'my_app_3707', uid: '11111111-2222' },
  manifestSha256: 'c'.repeat(64),
  name: 'found',
  kind: 'Scheduled',
  addonName: 'my-app',
  addonUid: 'of-another-cluster',
  plan: '1g',
  class: 'Starter',
  engineVersion: '1.8.10',
  startedAt: '2029-12-31T00:00:00Z',
  completedAt: '2029-12-31T00:07:00Z',
  bytes: 5_000_000,
  dataBytes: 9_000_000,
  points: 1234,
  encrypted: false,
};

type Change = Partial<Omit<ListEntry, 'points'>> & { readonly points?: number | undefined };

/** What becomes of the InfluxBackup that is made of an entry of a listing. */
function listed(change: Change = {}): BackupModel {
  const { points, ...entry } = { ...ENTRY, ...change };
  const result = {
    ok: true,
    operation: 'list',
    backups: [points === undefined ? entry : { ...entry, points }],
  };
  const metadata = { name: 'list-1', namespace: 'shop', uid: 'job', resourceVersion: '1' };
  const terminated = { exitCode: 0, message: JSON.stringify(result) };
  const task = {
    job: { metadata, status: { conditions: [{ type: 'Complete', status: 'True' }] } },
    pod: { metadata, status: { containerStatuses: [{ name: JOB_CONTAINER, state: { terminated } }] } },
  } as unknown as Task;
  const store = storeOf('nightly');
  const status = { job: 'list-1', listing: { token: 'now', found: 0 }, checkedFor: hashOf(store.spec) };
  const settings = { image: 'operator:1', atOnce: 10 };
  const world = { store: { ...store, status }, namespaceTerminating: false, task, backups: [], settings };
  const [action] = decideStore(world, NOON).actions;
  if (action?.do !== 'create') throw new Error('nothing is made of it');
  const model = new BackupModel(NOON);
  model.addon = undefined;
  const { metadata: meta, spec } = action.object as InfluxBackup;
  model.add(meta?.name ?? '', spec, { metadata: { annotations: meta?.annotations ?? {} } });
  model.settle();
  return model;
}

describe('an InfluxBackup that a listing of a store makes', () => {
  it('says of the backup what its manifest does', () => {
    expect(listed().get('found').status).toMatchObject({
      addon: { name: 'my-app', id: 'my_app_3707', plan: '1g', class: 'Starter', version: '1.8.10' },
      startedAt: '2029-12-31T00:00:00Z',
      completedAt: '2029-12-31T00:07:00Z',
      size: '4.8 MiB',
      bytes: 5_000_000,
      rawBytes: 9_000_000,
      points: 1234,
      verified: 'Counts',
      encrypted: false,
    });
  });

  it('says of one whose points were not counted that they were not', () => {
    const { status } = listed({ points: undefined }).get('found');
    expect([status?.points, status?.verified]).toEqual([undefined, 'Sizes']);
  });

  it.each([
    ['of a newer engine', { engineVersion: '1.9.0' }, 'EngineTooOld'],
    ['of more than the volume has room for', { dataBytes: 2 ** 40 }, 'TargetTooSmall'],
    ['that is encrypted, without a key', { encrypted: true }, 'IdentityMissing'],
    ['that fits', {}, undefined],
  ])('is looked at before writes are stopped for the restore of one %s', (_, change, reason) => {
    const metadata = { name: 'it', namespace: 'shop', uid: 'it', resourceVersion: '1' };
    const storage = { requests: { storage: '1Gi' } };
    const found = inTheWay({
      restore: {
        metadata,
        spec: { backupRef: { name: 'found' }, addonRef: { name: 'my-app' }, overwrite: 'my_app_3707' },
      },
      namespaceTerminating: false,
      addon: addonOf(NOON),
      inForce: inForce(),
      current: { metadata, spec: { resources: storage } },
      claim: undefined,
      previous: undefined,
      mounted: undefined,
      backup: listed(change).get('found'),
      store: storeOf('nightly'),
      task: { job: undefined, pod: undefined },
      others: [],
      settings: { image: 'operator:1', atOnce: 10 },
    });
    expect(found?.reason).toBe(reason);
  });
});
