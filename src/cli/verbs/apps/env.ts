import { aliasOf, prefixOf } from '../../../api/addon-defaults.ts';
import type { InfluxAddon } from '../../../api/influx-addon.ts';
import { Secret } from '../../../kube/objects/kinds.ts';
import type { Live } from '../../../kube/objects/types.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { findAddon } from '../../edits/find.ts';
import type { Cluster, Context } from '../../command/verb.ts';

/** The variables; the password only when it is asked for. */
export async function run(context: Context): Promise<void> {
  const { given, terminal } = context;
  const cluster = await context.cluster();
  const addon = await findAddon(cluster, given.argument(0));
  const url = await connectionUrl(cluster, addon);
  const [prefix, alias] = [`${prefixOf(addon)}_URL`, aliasOf(addon)];
  terminal.say(`${prefix}=${given.flag('show') ? url : masked(url)}`);
  if (alias !== '') terminal.say(`${alias}_URL=$${prefix}`);
  if (!given.flag('show')) terminal.note('--show prints the password');
}

/** Out of the Secret, with the user's own right to it. Throws CliError. */
export async function connectionUrl({ client }: Cluster, addon: Live<InfluxAddon>): Promise<string> {
  const { namespace = '', name: addonName } = addon.metadata;
  const name = addon.status?.urlSecret;
  if (name === undefined)
    throw new CliError(
      EXIT.notReached,
      `${addonName} has no URL yet; kubectl influx status ${addonName} says why`,
    );
  const secret = await client.get(Secret, { namespace, name });
  const encoded = secret?.data?.[`${prefixOf(addon)}_URL`];
  if (encoded === undefined)
    throw new CliError(EXIT.notReached, `the Secret ${name} has no ${prefixOf(addon)}_URL yet`);
  return Buffer.from(encoded, 'base64').toString('utf8');
}

export function masked(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]+:)[^@]*@/, '$1********@');
}
