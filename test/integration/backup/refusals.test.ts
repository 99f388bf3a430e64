import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupLocation } from '../../../src/backup/location.ts';
import type { JobFailureReason, JobResult } from '../../../src/backup/results.ts';
import { ADMIN, Pod } from '../influx-process.ts';
import { type JobPodOptions, runJobPod } from './job-pod.ts';
import { fill, fingerprints } from './points.ts';
import { DATABASE, locationOf, Scene } from './scene.ts';
import { objectsOf } from './stored.ts';

let scene: Scene;
let identity: string;
let plain: BackupLocation;
let sealed: BackupLocation;

beforeAll(async () => {
  scene = await Scene.create('1.8.10');
  await fill(scene.admin(), DATABASE, { points: 3_000, series: 30 });
  identity = await generateIdentity();
  plain = locationOf('not-encrypted');
  sealed = locationOf('is-encrypted');
  const recipients = [await identityToRecipient(identity)];
  for (const spec of [
    scene.backupSpec({ location: plain }),
    scene.backupSpec({ location: sealed, recipients }),
  ])
    expect((await runJobPod(spec, scene.options)).result).toMatchObject({ ok: true, points: 6_000 });
});
afterAll(() => scene?.[Symbol.asyncDispose]());

function failed(result: JobResult): JobFailureReason {
  if (result.ok) throw new Error('it claims to have succeeded');
  return result.reason;
}

const folderOf = ({ uid }: BackupLocation) => join(scene.s3.root, 'team/a/c1/shop', DATABASE, uid);

/** Restores into a fresh volume; nothing may be on it afterwards. */
async function refused(
  location: BackupLocation,
  changes: Parameters<Scene['restoreSpec']>[1] = {},
  options: JobPodOptions = {},
): Promise<JobFailureReason> {
  await using fresh = await Pod.create('1.8.10');
  const { result } = await runJobPod(scene.restoreSpec(location, changes), {
    engine: '1.8.10',
    state: fresh.stateDir,
    ...options,
  });
  expect(await objectsOf(fresh.stateDir)).toEqual([]);
  return failed(result);
}

describe('a restore is refused before anything is touched', () => {
  it('of a backup that is not there, or that was never completed', async () => {
    expect(await refused(locationOf('nobody-made-it'))).toBe('BackupNotFound');
  });

  it('that is encrypted, without an identity or with another one', async () => {
    expect(await refused(sealed)).toBe('IdentityMissing');
    expect(await refused(sealed, {}, { identity: await generateIdentity() })).toBe('IdentityWrong');
  });

  it('of a newer engine than the target, or of more than the target has room for', async () => {
    const target = { name: 'other_9', engineVersion: '1.8.10', storageBytes: 1024 ** 4 };
    expect(await refused(plain, { target: { ...target, engineVersion: '1.7.11' } })).toBe('EngineTooOld');
    expect(await refused(plain, { target: { ...target, storageBytes: 1_000 } })).toBe('TargetTooSmall');
  });

  it('whose manifest is not the recorded one, of another backup, or nothing of ours', async () => {
    expect(await refused(plain, { manifestSha256: '0'.repeat(64) })).toBe('BackupForeign');
    const path = join(folderOf(plain), 'manifest.json');
    const manifest = await readFile(path, 'utf8');
    try {
      for (const text of [
        manifest.replace('not-encrypted', 'some-other-one'),
        '{}',
        'no JSON',
        manifest.slice(0, 500),
      ]) {
        await writeFile(path, text);
        expect(await refused(plain)).toBe('BackupForeign');
      }
    } finally {
      await writeFile(path, manifest);
    }
  });

  it('whose archive was exchanged or shortened in the store', async () => {
    const path = join(folderOf(plain), 'backup.tar.gz');
    const archive = await readFile(path);
    try {
      const other = Buffer.from(archive);
      other[3_000] = (other[3_000] ?? 0) ^ 1;
      await writeFile(path, other);
      expect(await refused(plain)).toBe('BackupCorrupt');
      await writeFile(path, archive.subarray(0, 3_000));
      expect(await refused(plain)).toBe('BackupCorrupt');
      await rm(path);
      expect(await refused(plain)).toBe('BackupCorrupt');
    } finally {
      await writeFile(path, archive);
    }
  });

  it('onto a volume that holds something', async () => {
    await using fresh = await Pod.create('1.8.10');
    await writeFile(join(fresh.stateDir, 'mine'), 'do not touch');
    const { result } = await runJobPod(scene.restoreSpec(plain), { engine: '1.8.10', state: fresh.stateDir });
    expect(failed(result)).toBe('TargetNotEmpty');
    expect(await objectsOf(fresh.stateDir)).toEqual(['mine']);
  });
});

describe('a restore', () => {
  it('of an encrypted backup is the same as of one that is not, and done twice it is done once', async () => {
    await using fresh = await Pod.create('1.8.10');
    const options = { engine: '1.8.10', state: fresh.stateDir, identity } as const;
    const first = await runJobPod(scene.restoreSpec(sealed), options);
    expect(first.result).toMatchObject({ ok: true, points: 6_000, verified: 'Counts' });
    const again = await runJobPod(scene.restoreSpec(sealed), options);
    expect(again.result).toEqual(first.result);
    await fresh.bootstrap();
    await fresh.engine();
    const [restored, original] = [fresh.client(ADMIN), scene.admin()];
    expect(JSON.stringify(await fingerprints(restored, 'other_9'))).toBe(
      JSON.stringify(await fingerprints(original, DATABASE)),
    );
  });

  it('that was broken off anywhere begins anew on what it left', async () => {
    await using fresh = await Pod.create('1.8.10');
    const options = { engine: '1.8.10', state: fresh.stateDir } as const;
    for (const step of ['fetching', 'starting the engine', 'restoring', 'counting', 'finishing']) {
      const stop = new AbortController();
      const onLog = (message: string) => message === step && stop.abort();
      const { result } = await runJobPod(scene.restoreSpec(plain), { ...options, onLog, stop: stop.signal });
      expect(stop.signal.aborted, step).toBe(true);
      if (!result.ok) expect(result.reason).toBe('Interrupted');
    }
    expect((await runJobPod(scene.restoreSpec(plain), options)).result).toMatchObject({
      ok: true,
      points: 6_000,
    });
  });
});

describe('a restore whose engine is killed', () => {
  it.each(['restoring', 'counting', 'finishing'])(
    'while it is %s fails, and the next begins anew on what it left',
    async (step) => {
      await using fresh = await Pod.create('1.8.10');
      const options = { engine: '1.8.10', state: fresh.stateDir } as const;
      const steps: string[] = [];
      const onLog = (message: string) => void steps.push(message);
      const killed = await runJobPod(scene.restoreSpec(plain), { ...options, onLog, engineEndsAt: step });
      expect(steps).toContain(step);
      expect(killed.result).toMatchObject({ ok: false, retryable: true });
      expect((await runJobPod(scene.restoreSpec(plain), options)).result).toMatchObject({
        ok: true,
        points: 6_000,
      });
    },
  );
});

describe('a store that is a volume', () => {
  it('takes, gives back, lists and forgets backups like one that speaks S3', async () => {
    await using fresh = await Pod.create('1.8.10');
    await using volume = await Pod.create('1.8.10');
    const storeVolume = volume.stateDir;
    // As `storeAccess` of the operator has it for every volume.
    const store = { type: 'pvc', prefix: '' } as const;
    const location = locationOf('on-a-volume');
    const taken = await runJobPod(scene.backupSpec({ store, location }), { ...scene.options, storeVolume });
    expect(taken.result).toMatchObject({ ok: true, points: 6_000 });
    const common = { store, deadlineSeconds: 60 } as const;
    expect((await runJobPod({ operation: 'check', ...common }, { storeVolume })).result.ok).toBe(true);
    const listed = await runJobPod({ operation: 'list', ...common, namespace: 'shop' }, { storeVolume });
    expect(listed.result).toMatchObject({
      ok: true,
      backups: [{ location, points: 6_000, encrypted: false }],
    });
    const elsewhere = await runJobPod({ operation: 'list', ...common, namespace: 'other' }, { storeVolume });
    expect(elsewhere.result).toMatchObject({ ok: true, backups: [] });
    const restored = await runJobPod(scene.restoreSpec(location, { store }), {
      engine: '1.8.10',
      state: fresh.stateDir,
      storeVolume,
    });
    expect(restored.result).toMatchObject({ ok: true, points: 6_000, verified: 'Counts' });
    const removed = await runJobPod({ operation: 'delete', ...common, location }, { storeVolume });
    expect(removed.result).toEqual({ ok: true, operation: 'delete', objects: 2 });
    expect(await objectsOf(storeVolume)).toEqual([]);
  });
});

describe('a file of the engine’s own tool', () => {
  it('is imported from the store as it is', async () => {
    const archive = await readFile(join(folderOf(plain), 'backup.tar.gz'));
    await writeFile(join(scene.s3.root, 'team/a/download.tar.gz'), archive);
    await using fresh = await Pod.create('1.8.10');
    const { target, store } = scene.restoreSpec(plain);
    const { result } = await runJobPod(
      { operation: 'import', store, deadlineSeconds: 60, source: { key: 'download.tar.gz' }, target },
      { engine: '1.8.10', state: fresh.stateDir },
    );
    expect(result).toMatchObject({ ok: true, operation: 'import', verified: 'Sizes' });
    await fresh.bootstrap();
    await fresh.engine();
    expect(JSON.stringify(await fingerprints(fresh.client(ADMIN), 'other_9'))).toBe(
      JSON.stringify(await fingerprints(scene.admin(), DATABASE)),
    );
  });
});
