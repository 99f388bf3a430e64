import { childNames } from '../../../addon/world/names.ts';
import { ENGINE_PORT } from '../../../influx/pod-parts.ts';
import { findAddon } from '../../edits/find.ts';
import type { Context } from '../../command/verb.ts';
import { connectionUrl, masked } from '../apps/env.ts';

/** A port of this machine that leads to the database, until Ctrl-C. */
export async function run(context: Context): Promise<void> {
  const { given, terminal, signal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const localPort = given.number('port', { min: 0, max: 65_535 }) ?? 10_000;
  const url = new URL(await connectionUrl(cluster, addon));
  const { pod } = childNames(addon.metadata.name);
  const tunnel = await cluster.forward({ pod, port: ENGINE_PORT, localPort });
  url.port = String(tunnel.port);
  const tls = url.protocol === 'https:';
  const name = url.hostname;
  url.hostname = '127.0.0.1';
  terminal.say(`127.0.0.1:${tunnel.port} leads to ${addon.metadata.name}, until Ctrl-C`);
  terminal.note(masked(url.href));
  if (tls)
    terminal.note(
      `its certificate is for ${name}, signed by ca.crt in the Secret ${childNames(addon.metadata.name).tlsSecret}`,
    );
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await tunnel.close();
}
