import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname } from 'node:path';
import { cacheRoot } from '../../test/cluster/toolcache.ts';

/** What the test bed needs of a machine, as it was found. Sizes in bytes. */
export interface Machine {
  readonly node: string;
  readonly cache: string;
  /** Type of the file system that the cache is on, as statfs(2) names it. */
  readonly cacheFileSystem: number;
  readonly freeDisk: number;
  readonly freeMemory: number;
  readonly inotifyInstances: number;
  readonly xfs: boolean;
  readonly loopDevices: boolean;
  readonly root: boolean;
}

export interface Judgement {
  /** With one of these the tests cannot pass. */
  readonly wrong: readonly string[];
  readonly warnings: readonly string[];
}

const GIB = 2 ** 30;
const OVERLAY = 0x794c7630;
/** Folders that a node of the test bed has for itself: what is in them outside is not to be seen there. */
const HIDDEN = ['/run/', '/var/run/', '/var/log/', '/var/lib/'];

export function judge(machine: Machine): Judgement {
  const { node, cache, freeDisk, freeMemory, inotifyInstances } = machine;
  const elsewhere = 'set XDG_CACHE_HOME to a folder elsewhere';
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  const wrong: [boolean, string][] = [
    [Number.parseInt(node, 10) < 24, `Node is ${node}, and 24 or newer is needed`],
    [freeDisk < 5 * GIB, `${gib(freeDisk)} are free for ${cache}, and at least 5 (better 10) are needed`],
    [freeMemory < 2 * GIB, `${gib(freeMemory)} of memory are free, and at least 2 (better 4) are needed`],
    [
      HIDDEN.some((each) => cache.startsWith(each)),
      `${cache} is in a folder that a node hides: ${elsewhere}`,
    ],
    [machine.cacheFileSystem === OVERLAY, `${cache} is on an overlay, where a node cannot be: ${elsewhere}`],
  ];
  const warnings: [boolean, string][] = [
    [
      freeDisk >= 5 * GIB && freeDisk < 10 * GIB,
      `only ${gib(freeDisk)} are free for ${cache}: 10 are better`,
    ],
    [freeMemory >= 2 * GIB && freeMemory < 4 * GIB, `only ${gib(freeMemory)} of memory are free`],
    [
      !machine.root,
      'not root: only a cluster that INFLUXADDON_TEST_KUBECONFIG names, or Docker, can be used',
    ],
    [!machine.xfs, 'the kernel does not offer xfs, which volumes of the test bed are made with'],
    [!machine.loopDevices, 'there is no /dev/loop-control: volumes of the test bed need loop devices'],
    [
      inotifyInstances < 512,
      `fs.inotify.max_user_instances is ${inotifyInstances}: "too many open files" is near with two runs at once (sysctl -w fs.inotify.max_user_instances=512)`,
    ],
  ];
  const told = (facts: readonly [boolean, string][]): string[] =>
    facts.filter(([is]) => is).map(([, sentence]) => sentence);
  return { wrong: told(wrong), warnings: told(warnings) };
}

export function thisMachine(): Machine {
  const cache = cacheRoot();
  let present = cache;
  while (!existsSync(present)) present = dirname(present);
  const { bavail, bsize, type } = statfsSync(present);
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(text('/proc/meminfo'))?.[1];
  return {
    node: process.versions.node,
    cache,
    cacheFileSystem: type,
    freeDisk: bavail * bsize,
    freeMemory: available === undefined ? freemem() : Number(available) * 1_024,
    inotifyInstances: Number(text('/proc/sys/fs/inotify/max_user_instances') || 512),
    xfs: /\bxfs$/m.test(text('/proc/filesystems')) || hasModule('xfs'),
    loopDevices: existsSync('/dev/loop-control') || hasModule('loop'),
    root: process.getuid?.() === 0,
  };
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether it would be loaded by the first who asks for it. */
function hasModule(name: string): boolean {
  try {
    execFileSync('modprobe', ['--dry-run', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
