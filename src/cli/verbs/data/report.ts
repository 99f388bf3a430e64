import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { OWNED_SELECTOR, TASK_SELECTOR, childNames } from '../../../addon/world/names.ts';
import {
  InfluxAddon,
  InfluxBackup,
  InfluxBackupStore,
  InfluxPlan,
  InfluxRestore,
  InfluxVersion,
} from '../../../api/kinds.ts';
import { ApiError } from '../../../kube/api/api-error.ts';
import type { ListOptions } from '../../../kube/api/client-options.ts';
import {
  Event,
  type Kind,
  Job,
  NetworkPolicy,
  pathOf,
  PersistentVolumeClaim,
  Pod,
  Service,
  StatefulSet,
} from '../../../kube/objects/kinds.ts';
import type { KubeObject } from '../../../kube/objects/types.ts';
import { VERSION } from '../../../version.ts';
import { findAddon } from '../../edits/find.ts';
import { withoutNoise } from '../../output/printed.ts';
import { redactText, redactValue } from '../../output/redacted.ts';
import { story } from '../../output/story.ts';
import type { Context } from '../../command/verb.ts';

/** What is asked for. Secrets are not: what was never read cannot leak. */
const KINDS: readonly (readonly [Kind<KubeObject>, 'namespace' | 'owned' | 'tasks' | 'cluster'])[] = [
  [InfluxAddon, 'namespace'],
  [InfluxBackup, 'namespace'],
  [InfluxRestore, 'namespace'],
  [InfluxBackupStore, 'namespace'],
  [InfluxPlan, 'cluster'],
  [InfluxVersion, 'cluster'],
  [StatefulSet, 'owned'],
  [Service, 'owned'],
  [Pod, 'owned'],
  [PersistentVolumeClaim, 'owned'],
  [NetworkPolicy, 'owned'],
  [Job, 'tasks'],
  [Event, 'namespace'],
];
const CONTAINERS = ['influxdb', 'agent'] as const;
const LOG_LINES = '2000';

/** A bundle for support: objects, events and logs of an addon, without Secrets and with what looks like one blacked out. */
export async function run(context: Context): Promise<void> {
  const { given, terminal, signal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const { name, namespace = '' } = addon.metadata;
  const files = new Map<string, string>();
  const now = context.now();
  files.set(
    'about.json',
    JSON.stringify({ tool: VERSION, madeAt: now.toISOString(), namespace, addon: name }),
  );
  files.set('status.txt', `${story(addon, now).join('\n')}\n`);
  for (const [kind, scope] of KINDS) {
    files.set(`objects/${kind.plural}.json`, await listed(context, kind, scope, namespace));
  }
  for (const container of CONTAINERS) {
    const path = pathOf(Pod, { namespace, name: childNames(name).pod }, 'log');
    files.set(`logs/${container}.txt`, await log(context, path, container));
  }
  const path = given.text('file') ?? `${name}-report.tar.gz`;
  const archive = pack();
  for (const [entry, text] of files) archive.entry({ name: entry, mtime: now }, redactText(text));
  archive.finalize();
  await pipeline(archive, createGzip(), createWriteStream(path, { mode: 0o600 }), { signal });
  terminal.say(path);
  terminal.note(`${files.size} files; no Secret was read. Look through it before you pass it on.`);
}

async function listed(
  context: Context,
  kind: Kind<KubeObject>,
  scope: 'namespace' | 'owned' | 'tasks' | 'cluster',
  namespace: string,
): Promise<string> {
  const { client } = await context.cluster();
  const selector = scope === 'owned' ? OWNED_SELECTOR : scope === 'tasks' ? TASK_SELECTOR : undefined;
  const options: ListOptions = {
    ...(scope === 'cluster' ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  };
  try {
    const { items } = await client.list(kind, options, context.signal);
    return JSON.stringify(
      items.map((item) => redactValue(withoutNoise(item))),
      null,
      1,
    );
  } catch (error) {
    return `not to be had: ${ApiError.from(error).message}`;
  }
}

async function log(context: Context, path: string, container: string): Promise<string> {
  const cluster = await context.cluster();
  const chunks: Uint8Array[] = [];
  try {
    const query = { container, tailLines: LOG_LINES, timestamps: 'true' };
    for await (const chunk of cluster.text(path, query, context.signal)) chunks.push(chunk);
  } catch (error) {
    return `not to be had: ${ApiError.from(error).message}`;
  }
  return Buffer.concat(chunks).toString('utf8');
}
