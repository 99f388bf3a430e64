import type { BackupManifest } from '../backup/manifest.ts';
import type { DrillJobSpec, ImportJobSpec, RestoreJobSpec } from '../backup/protocol.ts';
import type { JobResult } from '../backup/results.ts';
import { isAtLeast } from '../influx/v1/version.ts';
import { fetchDump } from './archive/fetch.ts';
import { countDifference, totalValues, type Tally } from './census.ts';
import type { JobContext } from './job/job-context.ts';
import { JobError } from './job/job-error.ts';
import { RestoreServer } from './restore-server.ts';
import { archiveKey, readManifest, type StoredManifest } from './job/stored-backup.ts';

/*
 * Fills a volume that no database uses. Everything that can be known to be wrong is found out before the volume is
 * touched. What the engine's restore tool says of itself is not believed, in neither direction: counts are.
 */

/** A restore, or a drill, which is one on a scratch volume. @throws JobError */
export async function fillVolume(
  spec: RestoreJobSpec | DrillJobSpec,
  context: JobContext,
): Promise<JobResult> {
  const { manifest, sha256, keys } = await manifestFor(spec, context);
  context.log('fetching', { bytes: manifest.archive.bytes });
  const dump = await fetchDump(context, {
    key: archiveKey(keys, manifest),
    encrypted: manifest.archive.recipients.length > 0,
    digest: manifest.archive,
  });
  context.log('starting the engine');
  const server = await RestoreServer.start(context, sha256);
  const from = manifest.database.name;
  const to = spec.target.name;
  context.log('restoring');
  if (!server.filledBefore) await server.restore(dump, from, to);
  context.log('counting');
  const tally = await server.verify(to, dump, differenceTo(manifest));
  await server.restorePolicies(to, manifest.database.retentionPolicies);
  context.log('finishing');
  const refused = await server.addContinuousQueries(manifest.database.continuousQueries, from, to);
  await server.finish(spec.operation === 'restore');
  return {
    ok: true,
    operation: spec.operation,
    engineVersion: spec.target.engineVersion,
    ...(tally === undefined ? {} : { points: totalValues(tally) }),
    verified: tally === undefined ? 'Sizes' : 'Counts',
    continuousQueries: manifest.database.continuousQueries.length - refused.length,
    refusedQueries: refused.slice(0, 8).map((name) => name.slice(0, 256)),
  };
}

/** A file of `influxd backup -portable` from anywhere: nobody has counted what is in it. @throws JobError */
export async function importFile(spec: ImportJobSpec, context: JobContext): Promise<JobResult> {
  const { prefix } = spec.store;
  const { key } = spec.source;
  context.log('fetching', { key });
  const dump = await fetchDump(context, {
    key: prefix === '' ? key : `${prefix}/${key}`,
    encrypted: key.endsWith('.age'),
  });
  const [from, ...others] = dump.databases;
  if (from === undefined || others.length > 0)
    throw new JobError(
      'BackupCorrupt',
      `The file holds ${dump.databases.length} databases where one is needed.`,
    );
  checkRoom(
    spec.target,
    dump.files.reduce((sum, file) => sum + (file.rawBytes ?? 0), 0),
  );
  const server = await RestoreServer.start(context, `${key}:${dump.name}`);
  if (!server.filledBefore) await server.restore(dump, from, spec.target.name);
  await server.verify(spec.target.name, dump, undefined);
  await server.finish(true);
  return {
    ok: true,
    operation: 'import',
    engineVersion: spec.target.engineVersion,
    verified: 'Sizes',
    continuousQueries: 0,
    refusedQueries: [],
  };
}

async function manifestFor(
  spec: RestoreJobSpec | DrillJobSpec,
  { store, signal }: JobContext,
): Promise<StoredManifest> {
  const stored = await readManifest(store, spec.store.prefix, spec.location, signal);
  if (stored === undefined)
    throw new JobError('BackupNotFound', 'The store has no such backup, or one that was never completed.');
  if (spec.manifestSha256 !== undefined && spec.manifestSha256 !== stored.sha256)
    throw new JobError(
      'BackupForeign',
      'The manifest is not the one that was recorded when the backup was completed.',
    );
  const { engineVersion, dataBytes } = stored.manifest;
  if (!isAtLeast(spec.target.engineVersion, engineVersion))
    throw new JobError(
      'EngineTooOld',
      `The backup was taken by InfluxDB ${engineVersion}; it cannot be restored into ${spec.target.engineVersion}.`,
    );
  checkRoom(spec.target, dataBytes);
  return stored;
}

/** Beside the data there are an index and a log, and the database is to be written to afterwards. */
function checkRoom({ storageBytes }: { storageBytes: number }, dataBytes: number): void {
  const needed = Math.ceil(dataBytes * 1.05);
  if (needed <= storageBytes) return;
  throw new JobError(
    'TargetTooSmall',
    `The backup needs ${needed} bytes on the volume, which has ${storageBytes}; choose a plan with more storage.`,
  );
}

function differenceTo({ counts }: BackupManifest): ((restored: Tally) => string | undefined) | undefined {
  return counts.verified === 'Sizes' ? undefined : (restored) => countDifference(counts, restored);
}
