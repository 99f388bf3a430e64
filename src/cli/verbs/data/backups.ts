import type { InfluxBackup as Backup } from '../../../api/influx-backup.ts';
import { InfluxAddon, InfluxBackup, InfluxRestore } from '../../../api/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { relative } from '../../output/ago.ts';
import { settled } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { called, findAddon } from '../../edits/find.ts';
import { printed } from '../../output/printed.ts';
import { table } from '../../output/table.ts';
import type { Cluster, Context } from '../../command/verb.ts';
import { waitFor } from '../../edits/wait.ts';

/** Backups of an addon, or of the namespace: they outlive their addons. Newest first. */
export async function list(context: Context): Promise<void> {
  const { given, terminal } = context;
  const { client, namespace } = await context.cluster();
  const { items } = await client.list(InfluxBackup, { namespace }, context.signal);
  const of = given.optionalArgument(0);
  const backups = items
    .filter(({ spec, status }) => of === undefined || spec.addonRef.name === of || status?.addon?.id === of)
    .toSorted((a, b) => madeAt(b).localeCompare(madeAt(a)));
  if (await printed(context, backups, false)) return;
  const wide = given.text('output') === 'wide';
  const now = context.now();
  const header = ['BACKUP', 'ADDON', 'KIND', 'STATUS', 'SIZE', 'VERIFIED', 'COMPLETED'];
  const more = ['VERSION', 'POINTS', 'STORE', 'EXPIRES'];
  const rows = backups.map((backup) => {
    const { metadata, spec, status } = backup;
    const row = [
      metadata.name,
      spec.addonRef.name,
      spec.kind ?? 'Manual',
      readyOf(backup)?.reason,
      status?.size,
      status?.verified,
      relative(status?.completedAt, now),
    ];
    const rest = [status?.addon?.version, status?.points?.toString(), status?.store?.name, status?.expiry];
    return wide ? [...row, ...rest] : row;
  });
  for (const line of table(wide ? [...header, ...more] : header, rows)) terminal.say(line);
}

/** A backup by hand, now. */
export async function create(context: Context): Promise<void> {
  const { given, terminal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const { name: addonName, namespace = '' } = addon.metadata;
  if (addon.spec.backups === undefined)
    throw new CliError(
      EXIT.refused,
      `${addonName} has no backup store; kubectl influx config ${addonName} --backup-store NAME gives it one`,
    );
  const name = given.text('name') ?? `${addonName}-${stamp(context.now())}`;
  const spec = { addonRef: { name: addonName } };
  const made = await cluster.client.create(
    InfluxBackup,
    { metadata: { namespace, name }, spec },
    context.signal,
  );
  terminal.say(`backup ${name} of ${called(addon)}`);
  if (given.flag('no-wait')) return;
  await until(context, 'backup', async ({ client }) =>
    client.get(InfluxBackup, { namespace, name: made.metadata.name }, context.signal),
  );
}

/** Into the addon whose id is said, or into a new one. */
export async function restore(context: Context): Promise<void> {
  const { given } = context;
  const fresh = given.text('new');
  const into = given.text('into');
  if ((fresh === undefined) === (into === undefined))
    throw new CliError(EXIT.usage, 'say either --into ADDON or --new NAME');
  const cluster = await context.cluster();
  const backup = await findBackup(cluster, given.argument(0));
  if (fresh !== undefined) await restoreNew(context, cluster, backup, fresh);
  else await restoreInto(context, cluster, backup, into ?? '');
}

/** Throws CliError when there is none. */
export async function findBackup({ client, namespace }: Cluster, name: string): Promise<Live<Backup>> {
  const backup = await client.get(InfluxBackup, { namespace, name });
  if (backup === undefined)
    throw new CliError(EXIT.notFound, `there is no backup ${name} in the namespace ${namespace}`);
  return backup;
}

async function restoreNew(
  context: Context,
  { client, namespace }: Cluster,
  backup: Live<Backup>,
  name: string,
): Promise<void> {
  const plan = context.given.text('plan') ?? backup.status?.addon?.plan;
  if (plan === undefined) throw new CliError(EXIT.usage, 'the backup does not say its plan: say --plan PLAN');
  const spec = { plan, restoreFrom: { backupRef: { name: backup.metadata.name } } };
  const made = await client.create(InfluxAddon, { metadata: { namespace, name }, spec }, context.signal);
  context.terminal.say(`addon ${name} is made from the backup ${backup.metadata.name}`);
  await settled(context, made);
}

async function restoreInto(
  context: Context,
  cluster: Cluster,
  backup: Live<Backup>,
  nameOrId: string,
): Promise<void> {
  const { given, terminal } = context;
  const addon = await findAddon(cluster, nameOrId);
  const { name: addonName, namespace = '' } = addon.metadata;
  const id = addon.status?.id ?? addonName;
  terminal.note(`All data of ${called(addon)} is replaced by that of the backup ${backup.metadata.name}.`);
  terminal.note('The volume of before stays; the database and its apps are restarted once.');
  const overwrite = given.text('confirm') ?? (await terminal.ask?.(`To replace it, type its id (${id}): `));
  if (overwrite === undefined) throw new CliError(EXIT.usage, `say --confirm ${id} to replace its data`);
  if (overwrite.trim() !== id) throw new CliError(EXIT.refused, `that is not ${id}: nothing was restored`);
  const name = `${backup.metadata.name}-${stamp(context.now())}`;
  const made = await cluster.client.create(
    InfluxRestore,
    {
      metadata: { namespace, name },
      spec: { backupRef: { name: backup.metadata.name }, addonRef: { name: addonName }, overwrite: id },
    },
    context.signal,
  );
  terminal.say(`restore ${name} into ${called(addon)}`);
  if (given.flag('no-wait')) return;
  await until(context, 'restore', async ({ client }) =>
    client.get(InfluxRestore, { namespace, name: made.metadata.name }, context.signal),
  );
}

type Task = Pick<Backup, 'status'> | Pick<InfluxRestore, 'status'>;

/** Looks on until a backup or a restore is Ready or given up. */
async function until(
  context: Context,
  what: string,
  get: (cluster: Cluster) => Promise<Task | undefined>,
): Promise<void> {
  await waitFor(context, async (cluster) => {
    const task = await get(cluster);
    if (task === undefined) throw new CliError(EXIT.notFound, `the ${what} was deleted meanwhile`);
    const stalled = task.status?.conditions?.find(({ type }) => type === 'Stalled');
    if (stalled?.status === 'True')
      throw new CliError(EXIT.notReached, `${stalled.reason}: ${stalled.message}`);
    const ready = readyOf(task);
    const line = ready === undefined ? 'waiting for the operator' : `${ready.reason}: ${ready.message}`;
    return { done: ready?.status === 'True', line };
  });
}

function readyOf({ status }: Task) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

function madeAt({ metadata, status }: Live<Backup>): string {
  return status?.completedAt ?? metadata.creationTimestamp ?? '';
}

/** `20260131-210000` */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
