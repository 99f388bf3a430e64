import { resolve } from 'node:path';
import type { InfluxBackup } from '../../../api/influx-backup.ts';
import type { Download } from '../../../dashboard/wire.ts';
import type { Live } from '../../../kube/objects/types.ts';
import type { Given } from '../../command/given-options.ts';

/** Why a store has nothing of a backup that could be fetched, said of `it`; undefined when it has. Pure. */
export function notInStore({ status }: Pick<InfluxBackup, 'status'>): string | undefined {
  if (status?.failedAt !== undefined) return 'it failed, and is in no store';
  if (status?.sourceSecret !== undefined) return 'it is a database that runs elsewhere, and is in no store';
  if (status?.source !== undefined)
    return `it is the object ${status.source} that somebody else put into the store: fetch it from there`;
  const there = status?.completedAt !== undefined && status.location !== undefined;
  return there && status.store !== undefined ? undefined : 'it is not in a store (yet)';
}

export function onVolume(store: string): string {
  return `the store ${store} is a volume of the cluster, which only pods reach; restore into an addon, or mount its claim in a pod`;
}

/**
 * How a backup is fetched by this tool, for who sees it elsewhere; or why it cannot be. What is on its way out is not
 * offered: it may be half gone before it is whole here.
 * @param cluster options that lead to its cluster from where the command is run
 */
export function downloadOf(backup: Live<InfluxBackup>, cluster: readonly string[] = []): Download {
  const { metadata, status } = backup;
  if (status?.expiredAt !== undefined || metadata.deletionTimestamp !== undefined)
    return { possible: false, why: 'it is being deleted' };
  const why = notInStore(backup);
  if (why !== undefined) return { possible: false, why };
  // The store itself says so too, but whoever sees backups may not be allowed to see stores.
  if (status?.store?.location?.startsWith('pvc://') === true)
    return { possible: false, why: onVolume(status.store.name) };
  const { namespace = '', name } = metadata;
  const words = ['kubectl', 'influx', 'backups', 'download', name, '--namespace', namespace, ...cluster];
  return {
    possible: true,
    command: words.map(quoted).join(' '),
    encrypted: status?.encrypted === true || (status?.recipients ?? []).length > 0,
  };
}

/** The cluster that a command was given, for another one that is run anywhere on this machine. */
export function clusterWords(given: Given): string[] {
  const [file, context] = [given.text('kubeconfig'), given.text('context')];
  return [
    ...(file === undefined ? [] : ['--kubeconfig', resolve(file)]),
    // In one word: a context may be called `-x`.
    ...(context === undefined ? [] : [`--context=${context}`]),
  ];
}

/** A word as a POSIX shell takes it for itself. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
