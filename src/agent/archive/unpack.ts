import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { JobError } from '../job/job-error.ts';
import { DUMP_FILE } from './engine-manifest.ts';

/**
 * Unpacks an archive into an empty folder. Only the names that the engine's tool gives its files are taken, whatever
 * folder they are in: nothing can be written elsewhere. What is not an archive of such files is BackupCorrupt.
 */
export async function unpackDump(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tar = extract();
  const seen = new Set<string>();
  const taken = (async () => {
    for await (const entry of tar) {
      const { name, type } = entry.header;
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      const base = name.slice(name.lastIndexOf('/') + 1);
      if (type !== 'file' || !DUMP_FILE.test(base) || seen.has(base))
        throw new JobError('BackupCorrupt', 'The archive holds something that no backup of InfluxDB holds.');
      seen.add(base);
      await pipeline(
        entry,
        createWriteStream(join(folder, base), { mode: 0o600, highWaterMark: 1024 ** 2 }),
        { signal },
      );
    }
  })();
  taken.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    await pipeline(
      Readable.from(archive, { objectMode: false, highWaterMark: 1024 ** 2 }),
      createGunzip({ chunkSize: 256 * 1024 }),
      tar,
      {
        signal,
      },
    );
    await taken;
  } catch (error) {
    signal.throwIfAborted();
    await taken.catch((inner: unknown) => {
      throw corrupt(inner);
    });
    throw corrupt(error);
  }
}

function corrupt(error: unknown): JobError {
  if (error instanceof JobError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC') return JobError.from(error);
  return new JobError(
    'BackupCorrupt',
    'The archive cannot be unpacked: it is no .tar.gz, or not all of one.',
    {
      cause: error,
    },
  );
}
