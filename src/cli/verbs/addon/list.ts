import { InfluxAddon } from '../../../api/kinds.ts';
import { age, relative } from '../../output/ago.ts';
import { printed } from '../../output/printed.ts';
import { conditionOf } from '../../output/progress.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

/** ADDON, ID, PLAN, and how they are. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const { client, namespace } = await context.cluster();
  const everywhere = given.flag('all-namespaces');
  const { items } = await client.list(InfluxAddon, everywhere ? {} : { namespace }, context.signal);
  if (await printed(context, items, false)) return;
  if (items.length === 0) {
    terminal.note(everywhere ? 'there are no addons' : `there are no addons in ${namespace}`);
    return;
  }
  const wide = given.text('output') === 'wide';
  const now = context.now();
  const header = [
    ...(everywhere ? ['NAMESPACE'] : []),
    'ADDON',
    'ID',
    'PLAN',
    'VERSION',
    'STATUS',
    ...(wide ? ['APPS', 'TLS', 'STORAGE', 'LAST BACKUP', 'AGE'] : []),
  ];
  const rows = items.map((addon) => {
    const { metadata, spec, status } = addon;
    return [
      ...(everywhere ? [metadata.namespace] : []),
      metadata.name,
      status?.id,
      spec.plan,
      status?.version,
      conditionOf(addon, 'Ready')?.reason,
      ...(wide
        ? [
            status?.appsReady,
            spec.tls?.mode ?? 'Disabled',
            status?.storage?.actual,
            relative(status?.backups?.last?.time, now),
            age(metadata.creationTimestamp, now),
          ]
        : []),
    ];
  });
  for (const line of table(header, rows)) terminal.say(line);
}
