import { findAddon } from '../../edits/find.ts';
import type { Context } from '../../command/verb.ts';
import { connectionUrl } from './env.ts';

/** The connection URL, password and all: it was asked for. */
export async function run(context: Context): Promise<void> {
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, context.given.argument(0));
  context.terminal.say(await connectionUrl(cluster, addon));
}
