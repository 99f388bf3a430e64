import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PATIENCE_MS } from '../patience.ts';
import { waitFor } from './bed-api.ts';
import type { Bed } from './bed.ts';
import { endWithParent, innermost, type Launcher } from './component.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * The first process of a node's namespaces, and ways to run something beside it. When it ends, the kernel ends
 * every process in the PID namespace, and with the last one go all mounts and the network.
 */
export interface Namespaces {
  /** As the host sees it. */
  pid: number;
  /** For components: ends with the process that spawns it as well as with the namespaces. */
  launcher: Launcher;
  /** For commands that are waited for. */
  enter(command: string, args: string[]): [command: string, args: string[]];
}

/**
 * `/run`, `/var/log` and `/var/lib` are the node's own: CNI, kubelet and containerd have paths below them that
 * no setting changes. All mounts are shared within the node: what the kubelet mounts is seen by containers.
 */
const firstProcess = `
set -e
mkdir -p "$1/run" "$1/log" "$1/lib/upper" "$1/lib/work"
mount -t overlay -o "lowerdir=/var/lib,upperdir=$1/lib/upper,workdir=$1/lib/work" overlay /var/lib
mount --bind "$1/run" /run
mount --bind "$1/log" /var/log
mount --make-rshared /
touch "$1/ready"
# It is process 1: what other processes leave behind becomes its child, and wait buries it.
while :; do sleep 1000000 & wait $!; done
`;

export async function openNamespaces(bed: Bed, supervisor: Supervisor): Promise<Namespaces> {
  const dir = join(bed.dir, 'node');
  await mkdir(dir, { recursive: true });
  for (const taken of ['/run/', '/var/run/', '/var/log/', '/var/lib/']) {
    if (dir.startsWith(taken))
      throw new Error(`a node hides ${taken}: set XDG_CACHE_HOME to a folder elsewhere`);
  }
  const kinds = ['--net', '--pid', '--mount'];
  const first = await supervisor.start({
    name: 'first-process',
    command: 'unshare',
    args: [
      ...kinds,
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--',
      'sh',
      '-c',
      firstProcess,
      'influxaddon-bed',
      dir,
    ],
    launcher: endWithParent,
  });
  const wait = { timeoutMs: PATIENCE_MS, everyMs: 5, signal: supervisor.failure };
  await waitFor(
    'the namespaces',
    () =>
      readFile(join(dir, 'ready')).then(
        () => true,
        () => false,
      ),
    wait,
  );
  const pid = await innermost(first.pid, 'unshare');
  if (pid === first.pid) throw new Error('unshare has no child');
  await bed.addProcess(pid);
  const target = ['--target', String(pid), '--net', '--pid', '--mount', '--'];
  return {
    pid,
    launcher: (command, args) =>
      endWithParent('nsenter', [...target, 'setpriv', '--pdeathsig', 'KILL', '--', command, ...args]),
    enter: (command, args) => ['nsenter', [...target, command, ...args]],
  };
}
