import type { Secret } from '../../kube/objects/kinds.ts';
import { connectionUrl, serviceHost } from '../access/connection.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { decode, encode } from '../world/secret-data.ts';
import { hostAndPort } from '../access/in-force.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import type { BuildContext } from './context.ts';
import { buildUrlSecret } from './url-secret.ts';

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

/**
 * The URL in force is what apps are told already, by the URL Secret that is there or by the binding Secret itself: it
 * may be made and changed though the URL Secret may not, for one of the two says nothing else than the other.
 */
export function isUrlTold(context: BuildContext): boolean {
  const { urlSecret, bindingSecret } = context.children;
  const told = urlSecret?.data ?? {};
  const present = Object.entries(buildUrlSecret(context).data ?? {}).filter(([name]) => name in told);
  if (present.length > 0) return present.every(([name, url]) => told[name] === url);
  const { uri } = buildBindingSecret(context).data ?? {};
  return uri !== undefined && bindingSecret?.data?.['uri'] === uri;
}
