import { createReadStream, type Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { StoreError } from './store-error.ts';
import type { Store } from './store.ts';

/** What is being written; a key never looks like this. */
const PARTIAL = '.partial';
/** File systems make it in the root of a volume, for root alone. */
const LOST_AND_FOUND = 'lost+found';

/** A mounted volume: an object is a file, and a file is there only once it is on the disk. */
export function openVolume(root: string): Store {
  const pathOf = (key: string): string => {
    const path = join(root, key);
    // Keys are made of checked names only; this is the second lock on the door.
    if (!path.startsWith(root + sep)) throw new StoreError('StoreDenied', 'A key leads out of the volume.');
    return path;
  };
  /** Prefixes end in a slash, or are empty: that is the volume itself. */
  const folderOf = (prefix: string): string => (prefix === '' ? root : pathOf(prefix).replace(/\/$/, ''));
  return {
    async put(key, body, _expectedBytes, signal) {
      const path = pathOf(key);
      const partial = `${path}${PARTIAL}`;
      try {
        await mkdir(dirname(path), { recursive: true });
        await using file = await open(partial, 'w', 0o640);
        for await (const chunk of body) {
          signal.throwIfAborted();
          await file.writeFile(chunk);
        }
        await file.sync();
        await rename(partial, path);
        await using folder = await open(dirname(path));
        await folder.sync();
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        signal.throwIfAborted();
        throw StoreError.from(error);
      }
    },

    async get(key, signal) {
      const path = pathOf(key);
      try {
        const { size } = await stat(path);
        return { bytes: size, body: createReadStream(path, { highWaterMark: 1024 ** 2, signal }) };
      } catch (error) {
        if (isMissing(error)) {
          await stat(root).catch((gone: unknown) => {
            throw StoreError.from(gone);
          });
          return undefined;
        }
        throw StoreError.from(error);
      }
    },

    async *list(prefix, after, signal) {
      const folder = folderOf(prefix);
      const names = await (folder === root ? everythingOn(root) : everythingIn(folder)).catch(
        (error: unknown) => {
          if (isMissing(error) && folder !== root) return [];
          throw StoreError.from(error);
        },
      );
      const keys = names
        .filter((entry) => entry.isFile() && !entry.name.endsWith(PARTIAL))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .toSorted();
      for (const key of keys) {
        signal.throwIfAborted();
        if (after !== undefined && key <= after) continue;
        yield { key, bytes: (await stat(pathOf(key))).size };
      }
    },

    async delete(key) {
      try {
        await rm(pathOf(key), { force: true });
        // The folders of the backup and of the addon; one that is not empty stays.
        for (const folder of [dirname(pathOf(key)), dirname(dirname(pathOf(key)))])
          if (folder !== root) await rmdir(folder).catch(() => {});
      } catch (error) {
        throw StoreError.from(error);
      }
    },

    async sweep(prefix) {
      const folder = folderOf(prefix);
      const names = await readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw StoreError.from(error);
      });
      for (const name of names) if (name.endsWith(PARTIAL)) await rm(join(folder, name), { force: true });
    },

    close() {},
  };
}

function everythingIn(folder: string): Promise<Dirent[]> {
  return readdir(folder, { recursive: true, withFileTypes: true });
}

async function everythingOn(root: string): Promise<Dirent[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && entry.name !== LOST_AND_FOUND);
  const below = await Promise.all(folders.map(({ name }) => everythingIn(join(root, name))));
  return [...entries, ...below.flat()];
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
