import { compare } from 'semver';
import { isDefaultVersion, lifecycleOf } from '../../../api/catalogue-defaults.ts';
import { InfluxVersion } from '../../../api/kinds.ts';
import { printed } from '../../output/printed.ts';
import { table } from '../../output/table.ts';
import type { Context } from '../../command/verb.ts';

/** The catalogue's versions of the engine, newest first. */
export async function run(context: Context): Promise<void> {
  const { client } = await context.cluster();
  const { items } = await client.list(InfluxVersion, {}, context.signal);
  const versions = items.toSorted((a, b) => compare(b.metadata.name, a.metadata.name));
  if (await printed(context, versions, false)) return;
  const rows = versions.map((version) => [
    version.metadata.name,
    isDefaultVersion(version) ? 'yes' : 'no',
    lifecycleOf(version),
    version.spec.image,
  ]);
  for (const line of table(['VERSION', 'DEFAULT', 'LIFECYCLE', 'IMAGE'], rows)) context.terminal.say(line);
}
