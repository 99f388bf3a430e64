import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

interface LockFile {
  packages: Record<string, LockedPackage>;
}

const path = join(import.meta.dirname, '../package-lock.json');
const OS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
  'aix',
  'wasi',
];
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32'];

/**
 * Names of optional packages, mostly binaries for other platforms, that the lock file does not know. npm leaves out
 * what the registry at hand does not have, and then `npm ci` refuses the file elsewhere.
 */
export function lockFileGaps(): string[] {
  return gapsOf(read()).map(({ name }) => name);
}

function gapsOf({ packages }: LockFile): { name: string; version: string; dev: boolean }[] {
  const gaps = Object.values(packages).flatMap(({ optionalDependencies = {}, dev = false }) =>
    Object.entries(optionalDependencies).map(([name, version]) => ({ name, version, dev })),
  );
  return gaps.filter(({ name }) => packages[`node_modules/${name}`] === undefined);
}

/** What can be said of a package by its name alone; npm skips it on every platform but its own. */
function entryOf(name: string, version: string, dev: boolean): LockedPackage {
  const words = name.split(/[-/]/);
  const pick = (from: readonly string[]) => from.filter((each) => words.includes(each));
  const [os, cpu] = [pick(OS), pick(CPU)];
  const libc = words.includes('musl') ? ['musl'] : [];
  return {
    version: version.replace(/^[~^]/, ''),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

function read(): LockFile {
  return JSON.parse(readFileSync(path, 'utf8')) as LockFile;
}

if (import.meta.main) {
  const lock = read();
  for (const { name, version, dev } of gapsOf(lock)) {
    lock.packages[`node_modules/${name}`] = entryOf(name, version, dev);
    console.log(`${name} ${version}`);
  }
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
