import { createHash } from 'node:crypto';
import { backupKeys } from '../backup/location.ts';
import type { BackupCounts, BackupManifest } from '../backup/manifest.ts';
import type { BackupJobSpec } from '../backup/protocol.ts';
import type { BackupResult } from '../backup/results.ts';
import { InfluxError } from '../influx/influx-error.ts';
import type { Dump } from './archive/engine-manifest.ts';
import { countsBetween, countValues, takeCensus, type Census, type Tally } from './census.ts';
import { storeDump } from './dump.ts';
import { databaseClient, type JobContext } from './job/job-context.ts';
import { JobError } from './job/job-error.ts';
import { archiveKey, digestOf, pointsOf, readManifest } from './job/stored-backup.ts';

/**
 * Takes a backup. Every step may be the last one: what is in the store without a manifest is no backup, and the next
 * try removes it. @throws JobError
 */
export async function takeBackup(spec: BackupJobSpec, context: JobContext): Promise<BackupResult> {
  const { store, signal, log } = context;
  const present = await presentBackup(spec, context);
  if (present !== undefined) return present;
  await removeLeftovers(spec, context);

  const startedAt = context.now().toISOString();
  const database = await databaseClient(context, spec.database, 30_000);
  log('counting');
  const before = await takeCensus(database, spec.database.name, signal);
  const counter = await Counter.begin(spec, context, before);
  log('dumping', { dataBytes: before.dataBytes });
  const { archive, dump, examined } = await storeDump(spec, context, before.dataBytes, async (found) => {
    log('counting');
    const after = await takeCensus(database, spec.database.name, signal);
    checkServer(before, after, found);
    // While the rest is stored and read back.
    const went = before.shards.some((id) => !after.shards.includes(id));
    return { after, counting: counter.end(went) };
  });
  const { after, counting } = examined;
  const counts = await counting;
  const manifest: BackupManifest = {
    format: 'influxaddon.dev/backup',
    formatVersion: 1,
    location: spec.location,
    name: spec.about.name,
    kind: spec.about.kind,
    addon: {
      name: spec.about.addonName,
      uid: spec.about.addonUid,
      plan: spec.about.plan,
      class: spec.about.class,
    },
    startedAt,
    completedAt: context.now().toISOString(),
    engineVersion: after.engineVersion,
    database: after.database,
    archive,
    files: dump.files.map(({ name, bytes }) => ({ name, bytes })),
    dataBytes: after.dataBytes,
    counts,
  };
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  const { manifest: key } = backupKeys(spec.store.prefix, spec.location);
  await store.put(key, only(text), text.length, signal);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const back = await digestOf(store, key, signal);
  if (back?.sha256 !== sha256) {
    await store.delete(key, signal);
    throw new JobError('ReadBackDiffers', 'The store gives back another manifest than was written.');
  }
  log('completed', { bytes: archive.bytes });
  return resultOf(manifest, sha256);
}

/** A backup that an earlier try has completed: its result was lost, not the backup. */
async function presentBackup(
  spec: BackupJobSpec,
  { store, signal }: JobContext,
): Promise<BackupResult | undefined> {
  const stored = await readManifest(store, spec.store.prefix, spec.location, signal);
  if (stored === undefined) return undefined;
  const { manifest, keys, sha256 } = stored;
  const found = await digestOf(store, archiveKey(keys, manifest), signal);
  if (found?.sha256 === manifest.archive.sha256) return resultOf(manifest, sha256);
  // It says that there is a backup where there is none.
  await store.delete(keys.manifest, signal);
  return undefined;
}

async function removeLeftovers(spec: BackupJobSpec, { store, signal }: JobContext): Promise<void> {
  const { folder } = backupKeys(spec.store.prefix, spec.location);
  await store.sweep(folder, signal);
  for await (const { key } of store.list(folder, undefined, signal)) await store.delete(key, signal);
}

/** The tool is content with whatever it was given; the server must have been one and the same, and no shard missing. */
function checkServer(before: Census, after: Census, dump: Dump): void {
  if (before.serverStarted !== after.serverStarted)
    throw new JobError('DatabaseRestarted', 'The database was started anew while it was backed up.');
  // One that is gone by now was dropped, by its age or by a user.
  const missing = before.shards.filter((id) => after.shards.includes(id) && !dump.shards.includes(id));
  if (missing.length > 0)
    throw new JobError('BackupTruncated', `The engine's tool left out ${missing.length} shards.`);
}

/** Counts before and after; or says why not. Counting never makes a backup fail. */
class Counter {
  readonly #count: () => Promise<Tally>;
  readonly #before: Tally | string;

  private constructor(before: Tally | string, count: () => Promise<Tally>) {
    this.#before = before;
    this.#count = count;
  }

  static async begin(spec: BackupJobSpec, context: JobContext, { series }: Census): Promise<Counter> {
    const { maxSeries, deadlineSeconds } = spec.counting;
    const deadlineMs = deadlineSeconds * 1000;
    const client = await databaseClient(context, spec.database, Math.max(1, deadlineMs));
    const count = (): Promise<Tally> => {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadlineMs)]);
      return countValues(client, spec.database.name, signal);
    };
    if (deadlineSeconds === 0) return new Counter('counting is switched off', count);
    if (series > maxSeries) return new Counter(`there are more than ${maxSeries} series`, count);
    return new Counter(await orWhy(count, context.signal), count);
  }

  /** @param went whether a shard was dropped since the beginning */
  async end(went: boolean): Promise<BackupCounts> {
    if (typeof this.#before === 'string') return { verified: 'Sizes', why: this.#before };
    if (went) return { verified: 'Sizes', why: 'a shard was dropped while it was taken' };
    const after = await orWhy(this.#count);
    return typeof after === 'string' ? { verified: 'Sizes', why: after } : countsBetween(this.#before, after);
  }
}

async function orWhy(count: () => Promise<Tally>, signal?: AbortSignal): Promise<Tally | string> {
  try {
    return await count();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DOMException && error.name === 'TimeoutError') return 'counting took too long';
    return `the engine did not count: ${InfluxError.from(error).message}`.slice(0, 512);
  }
}

function resultOf(manifest: BackupManifest, manifestSha256: string): BackupResult {
  const { startedAt, completedAt, engineVersion, archive, dataBytes, counts } = manifest;
  const points = pointsOf(counts);
  return {
    ok: true,
    operation: 'backup',
    manifestSha256,
    startedAt,
    completedAt,
    engineVersion,
    archive: {
      bytes: archive.bytes,
      sha256: archive.sha256,
      encrypted: archive.file === 'backup.tar.gz.age',
    },
    dataBytes,
    ...(points === undefined ? {} : { points }),
    verified: counts.verified,
  };
}

async function* only(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
