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

/** A package and what it depends on, directly and further on, as far as `follows` says yes to a name; sorted. */
export async function dependenciesOf(
  name: string,
  follows: (name: string) => boolean = () => true,
): Promise<string[]> {
  const found = new Set([name]);
  let next = [name];
  while (next.length > 0) {
    const args = NO_OTHERS.map((each) => `--no-${each}`);
    const output = await withLists(() => run('apt-cache', ['depends', ...args, ...next]));
    const names = [...output.matchAll(/^ +(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]+)$/gm)].map(
      ([, each = '']) => each,
    );
    const fresh = [...new Set(names)].filter((each) => !found.has(each));
    for (const each of fresh) found.add(each);
    next = fresh.filter(follows);
  }
  return [...found].toSorted();
}

const NO_OTHERS = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];

async function download(packages: string[], dir: string): Promise<void> {
  // As root, apt would hand the download to a user of its own, who may not write here.
  const args = ['-o', 'APT::Sandbox::User=root', '-q', 'download', ...packages];
  await withLists(() => run('apt-get', args, { cwd: dir }));
}

/** A fresh machine (a container most of all) has no package lists yet. */
async function withLists<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run('apt-get', ['-q', 'update']);
    return await ask();
  }
}

/** For example `debian 12`, part of the key of whatever is made of its packages: a library of one release must not be mixed with those of the next. */
export async function release(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return `${value('ID')} ${value('VERSION_ID')}`;
}
