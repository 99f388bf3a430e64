import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { withFileLock } from './file-lock.ts';

export { go, goVersion } from './go-toolchain.ts';
export { CommandError, run } from './run-command.ts';

/** The folder that holds every built tool and the state of every bed. It may be deleted when no bed runs. */
export function cacheRoot(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'influxaddon-operator');
}

/**
 * Set while tests run: whoever has to build then says so at once, instead of doing minutes of work, or downloads, in
 * a test or a hook whose time runs.
 */
export const noBuildVariable = 'INFLUXADDON_NO_BUILD';

/**
 * The folder with what `build` makes, built at most once per `name` and `keyParts`.
 *
 * `build` fills an empty folder, which gets its final name only when `build` has succeeded: a folder under its
 * final name is complete. Other processes wait for the one that builds; when that one dies they take over.
 */
export async function ensureCached(
  name: string,
  keyParts: string[],
  build: (dir: string, say: (line: string) => void) => Promise<void>,
  say: (line: string) => void = () => {},
): Promise<string> {
  // Length-prefixed by JSON, so that ['ab', 'c'] and ['a', 'bc'] differ.
  const key = createHash('sha256').update(JSON.stringify(keyParts)).digest('hex').slice(0, 16);
  const target = join(cacheRoot(), `${name}-${key}`);
  if (await exists(target)) return target;
  if (process.env[noBuildVariable] === '1') {
    throw new Error(
      `${basename(target)} is not in ${cacheRoot()}, and ${noBuildVariable} is set: nothing is built or downloaded while tests run. Run the preparation first.`,
    );
  }
  await mkdir(dirname(target), { recursive: true });
  await withFileLock(
    `${target}.lock`,
    async () => {
      if (await exists(target)) return;
      await removePartial(target);
      const partial = `${target}.partial-${process.pid}`;
      await mkdir(partial);
      try {
        await build(partial, say);
        await rename(partial, target);
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
    },
    () => say(`waiting for another process that builds ${name}`),
  );
  return target;
}

/** Only the holder of the lock writes, so every partial folder found under it was left by a dead builder. */
async function removePartial(target: string): Promise<void> {
  for (const entry of await readdir(dirname(target))) {
    if (entry.startsWith(`${basename(target)}.partial-`)) {
      await rm(join(dirname(target), entry), { recursive: true, force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
