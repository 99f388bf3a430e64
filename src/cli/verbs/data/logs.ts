import { childNames } from '../../../addon/world/names.ts';
import { pathOf, Pod } from '../../../kube/objects/kinds.ts';
import { findAddon } from '../../edits/find.ts';
import type { Context } from '../../command/verb.ts';

/** The engine's own container; the others of the pod are the operator's. */
export const ENGINE_CONTAINER = 'influxdb';

/** What the engine logs. */
export async function run(context: Context): Promise<void> {
  const { given, terminal, signal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const { name, namespace = '' } = addon.metadata;
  const lines = given.number('lines', { min: 1, max: 1_000_000 }) ?? 100;
  const query = {
    container: given.text('container') ?? ENGINE_CONTAINER,
    tailLines: String(lines),
    ...(given.flag('follow') ? { follow: 'true' } : {}),
    ...(given.flag('previous') ? { previous: 'true' } : {}),
    ...(given.flag('timestamps') ? { timestamps: 'true' } : {}),
  };
  const path = pathOf(Pod, { namespace, name: childNames(name).pod }, 'log');
  try {
    for await (const chunk of cluster.text(path, query, signal)) terminal.write(chunk);
  } catch (error) {
    // Ctrl-C is how following ends.
    if (!signal.aborted) throw error;
  }
}
