import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JobError } from '../job/job-error.ts';

/** What `influxd backup -portable` writes about its own files. */
const engineManifest = z.object({
  meta: z.object({ fileName: z.string() }),
  files: z
    .array(
      z.object({
        database: z.string(),
        policy: z.string(),
        shardID: z.number(),
        fileName: z.string(),
        /** Of the shard's tar before it was packed. */
        size: z.number(),
      }),
    )
    .nullish(),
});

/** The names that the tool gives its files; nothing else goes into an archive or comes out of one. */
export const DUMP_FILE = /^\d{8}T\d{6}Z\.(manifest|meta|s\d+\.tar\.gz)$/;
const MANIFEST = /\.manifest$/;

export interface Dump {
  /** Of the engine's manifest: the moment it was written, `20260131T000102Z.manifest`. */
  readonly name: string;
  /** In the order in which they go into the archive: manifest, meta data, shards. */
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly rawBytes?: number }[];
  /** Names of the databases in it. */
  readonly databases: readonly string[];
  readonly shards: readonly number[];
}

/**
 * Reads what the tool wrote.
 * @param removed bytes of files that were there and are not needed any more; may grow meanwhile
 * @throws JobError with `reason` when files are missing, or ones that don't belong there
 */
export async function readDump(
  folder: string,
  reason: 'BackupTruncated' | 'BackupCorrupt',
  removed: ReadonlyMap<string, number> = new Map(),
): Promise<Dump> {
  const present = await readdir(folder);
  const [name, ...others] = present.filter((each) => MANIFEST.test(each));
  if (name === undefined) throw new JobError(reason, "The engine's own manifest is missing.");
  if (others.length > 0) throw new JobError(reason, 'There are several manifests of the engine.');
  const manifest = parse(await readFile(join(folder, name), 'utf8'), reason);
  const shards = manifest.files ?? [];
  const wanted = [name, manifest.meta.fileName, ...shards.map((shard) => shard.fileName)];
  for (const each of present)
    if (!wanted.includes(each))
      throw new JobError(reason, 'There is a file that the manifest of the engine does not name.');
  const sizes = new Map(shards.map((shard) => [shard.fileName, shard.size]));
  const files = [];
  for (const each of wanted) {
    // In this order: one that is removed just now is in the map before it is not in the folder any more.
    const bytes = DUMP_FILE.test(each)
      ? ((await sizeOf(join(folder, each))) ?? removed.get(each))
      : undefined;
    if (bytes === undefined)
      throw new JobError(reason, 'A file that the manifest of the engine names is missing.');
    const rawBytes = sizes.get(each);
    files.push({ name: each, bytes, ...(rawBytes === undefined ? {} : { rawBytes }) });
  }
  return {
    name,
    files,
    databases: [...new Set(shards.map(({ database }) => database))],
    shards: shards.map(({ shardID }) => shardID),
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, reason: 'BackupTruncated' | 'BackupCorrupt'): z.output<typeof engineManifest> {
  try {
    return engineManifest.parse(JSON.parse(text));
  } catch (error) {
    throw new JobError(reason, "The engine's own manifest cannot be read.", { cause: error });
  }
}
