import type { Secret } from '../../kube/objects/kinds.ts';
import { connectionUrl, serviceHost } from '../access/connection.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { decode, encode } from '../world/secret-data.ts';
import { hostAndPort } from '../access/in-force.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import type { BuildContext } from './context.ts';

/** The Secret of the Service Binding specification (Provisioned Service, well-known entries). */
export function buildBindingSecret(context: BuildContext): Secret {
  const { addon, facts, settings, target, children, external } = context;
  const authorities = target.tls === 'Required' ? decode(children.tlsSecret)['ca.crt'] : undefined;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMeta(addon, childNames(addon.metadata.name).bindingSecret),
    type: 'servicebinding.io/influxdb',
    data: encode({
      type: 'influxdb',
      provider: 'influxaddon.dev',
      host: serviceHost(addon, settings.clusterDomain),
      port: String(ENGINE_PORT),
      database: facts.id,
      username: facts.username,
      password: facts.password,
      uri: connectionUrl(addon, facts, settings.clusterDomain),
      ...(external === undefined
        ? {}
        : {
            'external-uri': `https://${facts.username}:${facts.password}@${hostAndPort(external)}/${facts.id}`,
          }),
      ...(authorities === undefined ? {} : { 'ca.crt': authorities }),
    }),
  };
}
