import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bedDir, bedsRoot, listBeds } from './bed.ts';
import { cgroupHierarchies, removeCgroups } from './cgroups.ts';
import { nodeNetwork } from './node-network.ts';
import { run } from './run-command.ts';

/** Folder of a node's control groups, by its number. */
export const cgroupName = (index: number): string => `influxaddon-bed${index}`;

/**
 * Removes what nodes made whose state is gone, as when somebody deletes the cache folder while a bed runs. Call it
 * under the bed lock. Links need no such sweep: each ends with the network at its other end.
 */
export async function sweepUnowned(): Promise<void> {
  for (const name of await readdir(bedsRoot())) {
    if (/^\..*\.gone-/.test(name)) await rm(join(bedsRoot(), name), { recursive: true, force: true });
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  await detachLoops();
  const owned = new Set((await listBeds()).map(({ cgroup }) => cgroup));
  const names = await Promise.all(
    (await cgroupHierarchies()).map((folder) => readdir(folder).catch(() => [])),
  );
  for (const name of new Set(names.flat())) {
    const index = /^influxaddon-bed(\d+)$/.exec(name)?.[1];
    if (index === undefined || owned.has(name)) continue;
    // A node of another cache folder has its link as long as it lives.
    if (existsSync(join('/sys/class/net', nodeNetwork(Number(index)).link))) continue;
    await removeCgroups(name);
  }
}

/** Of files in folders of beds that are not there any more. */
async function detachLoops(): Promise<void> {
  const list = await run('losetup', ['--list', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE']);
  for (const line of list.split('\n')) {
    const [device, ...file] = line.split(' ');
    const path = file.join(' ');
    if (device === undefined || !path.startsWith(`${bedsRoot()}/`)) continue;
    const name = path.slice(bedsRoot().length + 1).split('/')[0] ?? '';
    if (!existsSync(bedDir(name))) await run('losetup', ['--detach', device]).catch(() => {});
  }
}
