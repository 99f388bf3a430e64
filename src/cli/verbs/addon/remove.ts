import { countingDeletionPolicy } from '../../../addon/lifecycle/last-accepted.ts';
import { InfluxAddon } from '../../../api/kinds.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { called, findAddon } from '../../edits/find.ts';
import { conditionOf } from '../../output/progress.ts';
import type { Context } from '../../command/verb.ts';
import { waitFor } from '../../edits/wait.ts';

const WHAT_STAYS = {
  Retain: 'Its volume and its credentials stay: an addon of the same name goes on with them.',
  Backup: 'A last backup is taken, then its data is deleted.',
  Delete: 'Its data is deleted.',
} as const;

/** Deletes the addon once its id was said. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const { client } = await context.cluster();
  const addon = await findAddon(await context.cluster(), given.argument(0));
  const { name, namespace = '', uid } = addon.metadata;
  const id = addon.status?.id ?? name;
  const policy = countingDeletionPolicy({ addon, children: { adminSecret: undefined } });
  terminal.note(`${called(addon)} in ${namespace}, with the deletion policy ${policy}.`);
  terminal.note(WHAT_STAYS[policy]);
  const said = given.text('confirm') ?? (await terminal.ask?.(`To delete it, type its id (${id}): `));
  if (said === undefined) throw new CliError(EXIT.usage, `say --confirm ${id} to delete it`);
  if (said.trim() !== id) throw new CliError(EXIT.refused, `that is not ${id}: nothing was deleted`);
  await client.delete(InfluxAddon, { namespace, name }, { uid }, context.signal);
  terminal.say(`${called(addon)}: deleted`);
  if (given.flag('no-wait')) return;
  await waitFor(context, async () => {
    const found = await client.get(InfluxAddon, { namespace, name }, context.signal);
    if (found === undefined || found.metadata.uid !== uid) return { done: true, line: 'gone' };
    const stalled = conditionOf(found, 'Stalled');
    if (found.metadata.deletionTimestamp !== undefined && stalled?.status === 'True')
      throw new CliError(EXIT.notReached, `${stalled.reason}: ${stalled.message}`);
    return { done: false, line: conditionOf(found, 'Ready')?.message ?? 'being deleted' };
  });
}
