import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, ensureCached } from '../toolcache.ts';
import { type ImageConfig, type Layer, writeArchive, writeLayer } from './archive.ts';
import type { TarEntry } from './tar.ts';

/** Raise it when the same entries come to be written as other bytes: what is in people's caches is old then. */
const FORMAT = 'format 1';

type Say = (line: string) => void;

/** A layer built once per `name` and `keyParts`; its digest is kept beside it, as reading it again costs time. */
export async function cachedLayer(
  name: string,
  keyParts: string[],
  entries: () => Promise<TarEntry[]>,
  say?: Say,
): Promise<Layer> {
  const build = async (to: string): Promise<void> => {
    const layer = await writeLayer(join(to, `${name}.tar`), await entries());
    await writeFile(join(to, 'diff-id'), layer.diffId);
  };
  const dir = await ensureCached(`layer-${name}`, [FORMAT, process.arch, ...keyParts], build, say);
  await removeUnused(`layer-${name}-`, dir);
  return { path: join(dir, `${name}.tar`), diffId: await readFile(join(dir, 'diff-id'), 'utf8') };
}

/** Path of the docker-archive with these layers, written once per content. */
export async function cachedImage(
  name: string,
  image: { tags: string[]; layers: Layer[]; config: ImageConfig },
  say?: Say,
): Promise<string> {
  const { tags, layers, config } = image;
  const key = [FORMAT, process.arch, JSON.stringify([tags, layers.map((layer) => layer.diffId), config])];
  const dir = await ensureCached(
    `image-${name}`,
    key,
    (to) => writeArchive(join(to, 'image.tar'), image),
    say,
  );
  await removeUnused(`image-${name}-`, dir);
  return join(dir, 'image.tar');
}

/**
 * Each change of the sources makes another archive of over a hundred megabytes. Whatever nobody asked for in so long
 * goes: a whole run of the tests, prepared at its beginning, takes less.
 */
const UNUSED_MS = 3 * 3_600_000;

/** What is to go is renamed first, in one step: nobody finds half of an entry under its name. */
async function removeUnused(prefix: string, current: string): Promise<void> {
  const now = new Date();
  await utimes(current, now, now);
  for (const name of await readdir(cacheRoot())) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{16}(\.trash-\d+)?$/.test(name.slice(prefix.length))) continue;
    const path = join(cacheRoot(), name);
    if (name.includes('.trash-')) {
      // Whose removal was interrupted, or is under way.
      await rm(path, { recursive: true, force: true }).catch(() => {});
      continue;
    }
    const used = await stat(path).catch(() => undefined);
    if (used === undefined || now.getTime() - used.mtimeMs <= UNUSED_MS) continue;
    const trash = `${path}.trash-${process.pid}`;
    const moved = await rename(path, trash).then(
      () => true,
      () => false,
    );
    if (moved) await rm(trash, { recursive: true, force: true });
  }
}
