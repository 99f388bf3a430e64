import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backupKeys } from '../backup/location.ts';
import type { BackupManifest } from '../backup/manifest.ts';
import type { BackupJobSpec } from '../backup/protocol.ts';
import { encrypt } from './age.ts';
import { DigestTap } from './archive/digest.ts';
import { readDump, type Dump } from './archive/engine-manifest.ts';
import { finishedShards } from './archive/finished-shards.ts';
import { packDump } from './archive/pack.ts';
import { WireCheck } from './archive/wire-check.ts';
import { dismissEngine, Engine } from './engine.ts';
import type { JobContext } from './job/job-context.ts';
import { JobError } from './job/job-error.ts';
import { digestOf } from './job/stored-backup.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

/** What is stored may be a little more than what the engine has on its disk now: parts of an upload are cut by it. */
const ROOM = 256 * 1024 ** 2;

export interface StoredDump<T> {
  readonly dump: Dump;
  readonly archive: BackupManifest['archive'];
  readonly examined: T;
}

/**
 * Lets the engine's own tool write the database into the scratch volume, and stores what it has finished meanwhile.
 * @param dataBytes of the engine on its disk
 * @param examine looks at what was written: unless it is content, nothing that was stored becomes an object
 * @throws JobError
 */
export async function storeDump<T>(
  spec: BackupJobSpec,
  context: JobContext,
  dataBytes: number,
  examine: (dump: Dump) => Promise<T>,
): Promise<StoredDump<T>> {
  const { files, ports } = context;
  const folder = join(files.scratch, 'dump');
  await rm(folder, { recursive: true, force: true });
  // The tool need not go on when storing has failed.
  const halt = new AbortController();
  const signal = AbortSignal.any([context.signal, halt.signal]);
  const wire = new WireCheck();
  const tunnel = await openTunnel({
    agent: spec.agent,
    files: files.agent,
    listenPort: ports.rpc,
    wire,
    signal,
  });
  const tool = runTool(spec, new Engine(files.handoff, signal), tunnel);
  const removed = new Map<string, number>();
  const dumped = tool.then(() => readDump(folder, 'BackupTruncated', removed));
  const examined = dumped.then(examine);
  examined.catch(() => {});
  try {
    const whole = async (): Promise<Dump> => {
      await examined;
      return dumped;
    };
    const packed = packDump({ folder, finished: finishedShards(folder, tool), removed, whole, wire });
    const archive = await storeArchive(spec, context, packed, dataBytes * 1.5 + ROOM);
    return { archive, dump: await dumped, examined: await examined };
  } catch (error) {
    halt.abort(error);
    await examined.catch(() => {});
    throw error;
  } finally {
    await tunnel.close();
    await dismissEngine(files.handoff);
  }
}

async function runTool(spec: BackupJobSpec, engine: Engine, tunnel: Tunnel): Promise<void> {
  const { code, log } = await engine.command(['dump', spec.database.name], assertRoom);
  assertRoom(log);
  if (code !== 0) throw toolFailure(code, log, tunnel.trouble());
}

/** The tool tries again for minutes, into a disk that stays full. */
function assertRoom(log: string): void {
  if (/no space left on device/.test(log))
    throw new JobError('ScratchFull', "The local disk of the Job is too small for the engine's backup tool.");
}

function toolFailure(code: number, log: string, trouble: JobError | undefined): JobError {
  if (trouble !== undefined) return trouble;
  const last = log.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return new JobError('ToolFailed', `influxd backup ended with code ${code}: ${last}`);
}

/** Encrypts, stores, reads back; what is in the store then is what the returned digests say. */
async function storeArchive(
  spec: BackupJobSpec,
  { store, signal, log }: JobContext,
  packed: AsyncIterable<Uint8Array>,
  expectedBytes: number,
): Promise<BackupManifest['archive']> {
  const keys = backupKeys(spec.store.prefix, spec.location);
  const encrypted = spec.recipients.length > 0;
  const key = encrypted ? keys.encryptedArchive : keys.archive;
  const stored = new DigestTap();
  const plain = encrypted ? new DigestTap() : stored;
  const sealed = encrypted ? encrypt(plain.through(packed), spec.recipients) : packed;
  await store.put(key, stored.through(sealed), expectedBytes, signal);
  log('reading back', { bytes: stored.digest.bytes });
  const back = await digestOf(store, key, signal);
  if (back?.bytes !== stored.digest.bytes || back.sha256 !== stored.digest.sha256) {
    await store.delete(key, signal);
    throw new JobError('ReadBackDiffers', 'The store gives back something else than was written.');
  }
  return {
    file: encrypted ? 'backup.tar.gz.age' : 'backup.tar.gz',
    ...stored.digest,
    plain: plain.digest,
    recipients: spec.recipients,
  };
}
