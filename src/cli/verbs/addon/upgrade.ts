import { InfluxVersion } from '../../../api/kinds.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { called, findAddon } from '../../edits/find.ts';
import { restartLines } from '../../edits/preview.ts';
import type { Context } from '../../command/verb.ts';
import { judgeVersion, possibleVersions } from '../../edits/version-wish.ts';

/** Without a version: what is possible, and why the rest is not. With one: sets it. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const { items } = await cluster.client.list(InfluxVersion, {}, context.signal);
  const wanted = given.optionalArgument(1);
  if (wanted === undefined) {
    for (const line of possibleVersions(addon, items)) terminal.say(line);
    return;
  }
  const decision = judgeVersion(addon, wanted, items);
  if (!decision.accepted) throw new CliError(EXIT.refused, decision.message);
  if (decision.version !== addon.status?.version) {
    terminal.note(`${called(addon)}: from ${addon.status?.version ?? 'nothing'} to ${decision.version}`);
    for (const line of restartLines(addon, 'with the other version')) terminal.note(`  ${line}`);
    if (addon.spec.backups !== undefined) terminal.note('  Before that a backup is taken.');
    terminal.note('  No way leads back to an older version, but a backup.');
  }
  if (given.flag('dry-run')) return;
  await changeAddon(context, given.argument(0), `version ${wanted}`, ({ spec }) =>
    spec.version === wanted ? undefined : { version: wanted },
  );
}
