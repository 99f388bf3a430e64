import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { InfluxAddon } from '../../api/kinds.ts';
import { ApiError } from '../../kube/api/api-error.ts';
import type { Live } from '../../kube/objects/types.ts';
import { findAddon } from './find.ts';
import type { Cluster } from '../command/verb.ts';

/** A merge patch of a spec: null takes a field out. Lists are whole. */
export type SpecPatch = { readonly [K in keyof InfluxAddonSpec]?: InfluxAddonSpec[K] | null | object };

/** What an addon is to be changed to; undefined when it is as asked already. Throws CliError for what cannot be. */
export type SpecEdit = (addon: Live<InfluxAddon>) => SpecPatch | undefined;

/** Somebody else's edit in between is read again, so often. */
const TRIES = 5;

/**
 * Changes the spec by what is there now. A list is written whole, so the patch holds only for the object that was read:
 * what somebody else added meanwhile is never lost.
 */
export async function editSpec(
  cluster: Cluster,
  nameOrId: string,
  edit: SpecEdit,
): Promise<{ addon: Live<InfluxAddon>; changed: boolean }> {
  for (let tries = 1; ; tries += 1) {
    const addon = await findAddon(cluster, nameOrId);
    const spec = edit(addon);
    if (spec === undefined) return { addon, changed: false };
    const { name, namespace = '', resourceVersion } = addon.metadata;
    try {
      const body = { metadata: { resourceVersion }, spec };
      const after = await cluster.client.patch(InfluxAddon, { namespace, name }, body, { type: 'merge' });
      return { addon: after, changed: after.metadata.generation !== addon.metadata.generation };
    } catch (error) {
      if (!ApiError.from(error).isConflict || tries >= TRIES) throw error;
    }
  }
}

/** Sets an annotation, or takes it away with null. */
export async function annotate(
  cluster: Cluster,
  addon: Live<InfluxAddon>,
  annotations: Readonly<Record<string, string | null>>,
): Promise<Live<InfluxAddon>> {
  const { name, namespace = '' } = addon.metadata;
  const body = { metadata: { annotations } };
  return await cluster.client.patch(InfluxAddon, { namespace, name }, body, { type: 'merge' });
}
