import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached, run } from '../toolcache.ts';

/**
 * A folder with the files of these Debian packages (without what they depend on), unpacked and not installed:
 * nothing of the machine changes, and no maintainer script runs.
 */
export async function unpackedPackages(
  packages: string[],
  say: (line: string) => void = () => {},
): Promise<string> {
  const build = async (dir: string): Promise<void> => {
    say(`downloading ${packages.join(', ')}`);
    const debs = join(dir, '.debs');
    await mkdir(debs);
    await download(packages, debs);
    for (const deb of await readdir(debs)) await run('dpkg', ['-x', join(debs, deb), dir]);
    await rm(debs, { recursive: true });
  };
  return ensureCached('debian', [process.arch, await release(), ...packages.toSorted()], build, say);
}

async function download(packages: string[], dir: string): Promise<void> {
  // As root, apt would hand the download to a user of its own, who may not write here.
  const args = ['-o', 'APT::Sandbox::User=root', '-q', 'download', ...packages];
  try {
    await run('apt-get', args, { cwd: dir });
  } catch (error) {
    // A fresh machine (a container most of all) has no package lists yet.
    if (process.getuid?.() !== 0) throw error;
    await run('apt-get', ['-q', 'update']);
    await run('apt-get', args, { cwd: dir });
  }
}

/** For example `debian 12`, part of the key of whatever is made of its packages: a library of one release must not be mixed with those of the next. */
export async function release(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return `${value('ID')} ${value('VERSION_ID')}`;
}
