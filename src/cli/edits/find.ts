import { InfluxAddon } from '../../api/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { Cluster } from '../command/verb.ts';

/** The addon of that name or id. An id has an underscore, which no name has. Throws CliError when there is none. */
export async function findAddon(
  { client, namespace }: Cluster,
  nameOrId: string,
): Promise<Live<InfluxAddon>> {
  if (!nameOrId.includes('_')) {
    const addon = await client.get(InfluxAddon, { namespace, name: nameOrId });
    if (addon !== undefined) return addon;
  } else {
    const { items } = await client.list(InfluxAddon, { namespace });
    const addon = items.find(({ status }) => status?.id === nameOrId);
    if (addon !== undefined) return addon;
  }
  throw new CliError(EXIT.notFound, `there is no addon ${nameOrId} in the namespace ${namespace}`);
}

/** What people call it: `my-app (my_app_3707)`. */
export function called({ metadata, status }: Live<InfluxAddon>): string {
  return status?.id === undefined ? metadata.name : `${metadata.name} (${status.id})`;
}
