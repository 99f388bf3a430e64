import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from './file-lock.ts';
import { type ProcessIdentity, identityOf, isAlive } from './process-identity.ts';
import { cacheRoot } from './toolcache.ts';

/**
 * What a bed has made on this machine, on disk before it is made: enough to remove all of it when the process
 * that owns the bed is gone.
 */
export interface BedState {
  name: string;
  kind: 'control-plane' | 'node';
  /** The process that started the bed; everything in the bed ends with it. */
  owner: ProcessIdentity;
  /** Host-side processes of the bed. */
  processes: ProcessIdentity[];
  /** A node's number: names its address range and its link to the host. */
  index?: number;
  link?: string;
  /** Name of the folder in each cgroup hierarchy. */
  cgroup?: string;
  /** Set when the bed is ready. */
  server?: string;
  kubeconfig?: string;
  /** Why it could not be torn down, when its owner was gone. */
  stuck?: string;
}

/** A claimed name and its folder. `update` changes the state on disk; `dir` holds everything the bed writes. */
export class Bed {
  readonly dir: string;
  readonly state: BedState;
  #writing: Promise<void> = Promise.resolve();

  constructor(state: BedState) {
    this.state = state;
    this.dir = bedDir(state.name);
  }

  async update(change: Partial<BedState>): Promise<void> {
    Object.assign(this.state, change);
    this.#writing = this.#writing.then(() => writeState(this.state));
    await this.#writing;
  }

  async addProcess(pid: number): Promise<void> {
    await this.update({
      processes: [...this.state.processes.filter((each) => isAlive(each)), identityOf(pid)],
    });
  }
}

let removed = 0;

export function bedsRoot(): string {
  return join(cacheRoot(), 'beds');
}

export function bedDir(name: string): string {
  return join(bedsRoot(), name);
}

/** Claims a name that no living bed has. Sweep before: the leftovers of a dead bed count as living ones here. */
export async function claimBed(name: string, kind: BedState['kind']): Promise<Bed> {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) throw new Error(`not a name for a bed: ${name}`);
  return withBedLock(async () => {
    const other = await readBed(name);
    if (other !== undefined) throw new Error(`a bed named ${name} runs already (process ${other.owner.pid})`);
    const bed = new Bed({ name, kind, owner: identityOf(process.pid), processes: [] });
    await mkdir(bed.dir, { recursive: true, mode: 0o700 });
    await bed.update({});
    return bed;
  });
}

/** One process at a time changes which beds there are, on this machine and with this cache. */
export async function withBedLock<T>(body: () => Promise<T>): Promise<T> {
  await mkdir(bedsRoot(), { recursive: true });
  return withFileLock(join(bedsRoot(), '.lock'), body);
}

export async function listBeds(): Promise<BedState[]> {
  const names = await readdir(bedsRoot()).catch(() => []);
  const states = await Promise.all(names.filter((name) => !name.startsWith('.')).map(readBed));
  return states.filter((state) => state !== undefined);
}

/** A folder without a readable state was being made or removed: it holds no more than files. */
export async function readBed(name: string): Promise<BedState | undefined> {
  try {
    return JSON.parse(await readFile(join(bedDir(name), 'state.json'), 'utf8')) as BedState;
  } catch {
    return undefined;
  }
}

/**
 * The state goes last: a removal that is interrupted is seen, and done again, by the next sweep. The name is given
 * free in one step, by a rename: whoever takes it next finds nothing of the old bed, nor loses anything to its removal.
 */
export async function removeBedDir(name: string): Promise<void> {
  const dir = bedDir(name);
  const names = await readdir(dir).catch((): string[] => []);
  for (const each of names.filter((entry) => entry !== 'state.json')) await remove(join(dir, each));
  const gone = join(bedsRoot(), `.${name}.gone-${process.pid}-${removed++}`);
  await rename(dir, gone).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await remove(gone);
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

async function writeState(state: BedState): Promise<void> {
  const path = join(bedDir(state.name), 'state.json');
  await writeFile(`${path}.new`, JSON.stringify(state, undefined, 2));
  await rename(`${path}.new`, path);
}
