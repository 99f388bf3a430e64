import { InfluxPlan } from '../../../api/kinds.ts';
import { changeAddon } from '../../edits/change.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { called, findAddon } from '../../edits/find.ts';
import { previewPlan } from '../../edits/preview.ts';
import type { Context } from '../../command/verb.ts';

/** Changes the plan, after saying what will be restarted. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const wanted = given.argument(1);
  if (addon.spec.plan === wanted) {
    terminal.say(`${called(addon)}: has the plan ${wanted} already`);
    return;
  }
  const { items } = await cluster.client.list(InfluxPlan, {}, context.signal);
  const { lines, refusal } = previewPlan(addon, wanted, items);
  if (refusal !== undefined) throw new CliError(EXIT.refused, refusal);
  terminal.note(`${called(addon)}: from ${addon.status?.plan ?? addon.spec.plan} to ${wanted}`);
  for (const line of lines) terminal.note(`  ${line}`);
  if (given.flag('dry-run')) return;
  await changeAddon(context, given.argument(0), `plan ${wanted}`, ({ spec }) =>
    spec.plan === wanted ? undefined : { plan: wanted },
  );
}
