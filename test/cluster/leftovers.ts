import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type BedState, bedDir, bedsRoot } from './bed.ts';
import { nodeNetwork } from './node-network.ts';
import { run } from './run-command.ts';

/** What tells a bed's traces from everything else on the machine; taken while the bed runs. */
export interface Traces {
  name: string;
  link: string | undefined;
  cgroup: string | undefined;
  range: string | undefined;
  /** The namespaces of its processes as /proc names them, for example `net:[4026532298]`. */
  namespaces: string[];
}

export async function tracesOf(state: BedState): Promise<Traces> {
  const { name, link, cgroup, index, processes } = state;
  const namespaces = new Set<string>();
  for (const { pid } of processes) for (const each of await namespacesOf(pid)) namespaces.add(each);
  for (const ours of await namespacesOf(process.pid)) namespaces.delete(ours);
  const range = index === undefined ? undefined : nodeNetwork(index).range;
  return { name, link, cgroup, range, namespaces: [...namespaces] };
}

/** Everything on this machine that belongs to the bed, one line each; nothing when it is gone as it should. */
export async function leftovers(of: Traces): Promise<string[]> {
  const dir = bedDir(of.name);
  const mine = (text: string): boolean => text.includes(`${dir}/`);
  const lines = async (command: string, ...args: string[]): Promise<string[]> =>
    (await run(command, args)).split('\n').filter((line) => line !== '');
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const cgroups = mounts.map((line) => line.split(' ')).filter(([, , type]) => type?.startsWith('cgroup'));
  const isLink = (line: string): boolean => of.link !== undefined && line.startsWith(`${of.link}@`);
  const isRoute = (line: string): boolean => of.range !== undefined && line.startsWith(of.range);
  return [
    ...(await processes(of, dir)).map((line) => `process ${line}`),
    ...mounts.filter(mine).map((line) => `mount ${line}`),
    ...(await lines('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'))
      .filter(mine)
      .map((line) => `loop ${line}`),
    ...(await lines('ip', '-brief', 'link')).filter(isLink).map((line) => `link ${line}`),
    ...(await lines('ip', 'route')).filter(isRoute).map((line) => `route ${line}`),
    ...(
      await cgroupFolders(
        of.cgroup,
        cgroups.map(([, folder = '']) => folder),
      )
    ).map((folder) => `cgroup ${folder}`),
    ...(await readdir(bedsRoot())).filter((name) => name === of.name).map((name) => `folder ${name}`),
  ];
}

/** By namespace and by command line: the caretaker and a process that was not in a namespace yet count too. */
async function processes(of: Traces, dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    if (pid === process.pid) continue;
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    // A zombie waits for its parent to look at it. One whose parent was killed waits for process 1 of the machine.
    if (/^State:\tZ/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))) continue;
    const inside = (await namespacesOf(pid)).some((each) => of.namespaces.includes(each));
    const named =
      args.some((arg) => arg.includes(`${dir}/`)) ||
      (args.includes(of.name) && args.includes('influxaddon-caretaker'));
    if (inside || named) found.push(`${pid} ${args.join(' ').slice(0, 120)}`);
  }
  return found;
}

async function namespacesOf(pid: number): Promise<string[]> {
  const kinds = ['net', 'mnt', 'pid'];
  const names = kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined));
  return (await Promise.all(names)).filter((name) => name !== undefined);
}

async function cgroupFolders(name: string | undefined, hierarchies: string[]): Promise<string[]> {
  if (name === undefined) return [];
  const listings: { folder: string; names: string[] }[] = await Promise.all(
    hierarchies.map(async (folder) => ({ folder, names: await readdir(folder).catch((): string[] => []) })),
  );
  return listings.filter(({ names }) => names.includes(name)).map(({ folder }) => join(folder, name));
}
