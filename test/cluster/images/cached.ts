import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached } from '../toolcache.ts';
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
  return join(dir, 'image.tar');
}
