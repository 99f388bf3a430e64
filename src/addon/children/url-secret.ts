import type { Secret } from '../../kube/objects/kinds.ts';
import { variablesOf } from '../../api/addon-defaults.ts';
import { connectionUrl } from '../access/connection.ts';
import { encode } from '../world/secret-data.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import type { BuildContext } from './context.ts';

/** Only the variables an app needs, so that `envFrom` gives exactly these. */
export function buildUrlSecret({ addon, facts, settings }: BuildContext): Secret {
  const url = connectionUrl(addon, facts, settings.clusterDomain);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).urlSecret),
    type: 'Opaque',
    data: encode(Object.fromEntries(variablesOf(addon).map((name) => [name, url]))),
  };
}
