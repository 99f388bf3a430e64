import { setTimeout as delay } from 'node:timers/promises';
import { InfluxAddon } from '../../api/kinds.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Live } from '../../kube/objects/types.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { progressOf } from '../output/progress.ts';
import type { Cluster, Context } from '../command/verb.ts';

const EVERY_MS = 500;
const DEFAULT_SECONDS = 600;

/**
 * Looks on until the addon is as its spec asks, and tells every step once. Throws CliError (notReached) when it is
 * stuck or the time is over: what was asked for stays asked for.
 */
export async function waitUntilInForce(
  context: Context,
  addon: Live<InfluxAddon>,
): Promise<Live<InfluxAddon>> {
  const { name, namespace = '', uid } = addon.metadata;
  let latest = addon;
  await waitFor(context, async (cluster) => {
    const found = await cluster.client.get(InfluxAddon, { namespace, name }, context.signal);
    if (found?.metadata.uid !== uid)
      throw new CliError(EXIT.notFound, `the addon ${name} was deleted meanwhile`);
    latest = found;
    const progress = progressOf(found);
    if (progress.state === 'Stuck') throw new CliError(EXIT.notReached, progress.line);
    return { done: progress.state === 'Done', line: progress.line };
  });
  return latest;
}

/** Asks twice a second until it is done; each new line is told once. A moment without the API server is nothing. */
export async function waitFor(
  context: Context,
  look: (cluster: Cluster) => Promise<{ done: boolean; line: string }>,
): Promise<void> {
  const { given, terminal, signal } = context;
  const cluster = await context.cluster();
  const seconds = given.number('timeout', { min: 1, max: 86_400 }) ?? DEFAULT_SECONDS;
  const end = performance.now() + seconds * 1000;
  let told = '';
  for (;;) {
    try {
      const { done, line } = await look(cluster);
      if (line !== told) terminal.note(`  ${line}`);
      told = line;
      if (done) return;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isTransient) throw error;
    }
    if (performance.now() > end)
      throw new CliError(
        EXIT.notReached,
        `not there after ${seconds} s: ${told}. It goes on; kubectl influx status says how far it is.`,
      );
    await delay(EVERY_MS, undefined, { signal });
  }
}
