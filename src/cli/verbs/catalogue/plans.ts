import { lifecycleOf, storageOf } from '../../../api/catalogue-defaults.ts';
import { InfluxPlan } from '../../../api/kinds.ts';
import { unitsOf } from '../../../kube/objects/quantity.ts';
import { printed } from '../../output/printed.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

/** The catalogue's plans, smallest first. */
export async function run(context: Context): Promise<void> {
  const { client } = await context.cluster();
  const { items } = await client.list(InfluxPlan, {}, context.signal);
  const plans = items.toSorted(
    (a, b) =>
      unitsOf(a.spec.memory) - unitsOf(b.spec.memory) || a.metadata.name.localeCompare(b.metadata.name),
  );
  if (await printed(context, plans, false)) return;
  const wide = context.given.text('output') === 'wide';
  const header = ['PLAN', 'CLASS', 'MEMORY', 'CPU', 'STORAGE', 'SERIES', 'LIFECYCLE'];
  const more = ['MAX STORAGE', 'CONNECTIONS', 'QUERIES', 'QUERY TIMEOUT'];
  const rows = plans.map((plan) => {
    const { spec, metadata } = plan;
    const { limits } = spec;
    const row = [
      metadata.name,
      spec.class,
      spec.memory,
      spec.cpu.limit,
      spec.storage.size,
      String(limits.series),
      lifecycleOf(plan),
    ];
    const rest = [
      storageOf(plan).maxSize,
      String(limits.connections),
      String(limits.concurrentQueries),
      limits.queryTimeout,
    ];
    return wide ? [...row, ...rest] : row;
  });
  for (const line of table(wide ? [...header, ...more] : header, rows)) context.terminal.say(line);
}
