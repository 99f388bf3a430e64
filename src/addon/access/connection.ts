import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import type { InfluxAddon } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import type { Facts, InForce } from '../world/facts.ts';
import { childNames } from '../world/names.ts';

/** `my-app-influx.shop.svc.cluster.local` */
export function serviceHost(addon: Live<InfluxAddon>, clusterDomain: string): string {
  return `${childNames(addon.metadata.name).service}.${addon.metadata.namespace}.svc.${clusterDomain}`;
}

/** The URL without credentials, for status. */
export function endpointOf(
  addon: Live<InfluxAddon>,
  inForce: Pick<InForce, 'tls'> | undefined,
  clusterDomain: string,
): string {
  return `${schemeOf(inForce)}://${serviceHost(addon, clusterDomain)}:${ENGINE_PORT}`;
}

/** `http(s)://<user>:<password>@<service>:8086/<id>`; id, user and password need no escaping. A secret: never logged. */
export function connectionUrl(
  addon: Live<InfluxAddon>,
  facts: Pick<Facts, 'id' | 'username' | 'password' | 'inForce'>,
  clusterDomain: string,
): string {
  return `${schemeOf(facts.inForce)}://${facts.username}:${facts.password}@${serviceHost(addon, clusterDomain)}:${ENGINE_PORT}/${facts.id}`;
}

function schemeOf(inForce: Pick<InForce, 'tls'> | undefined): 'http' | 'https' {
  return inForce?.tls === 'Required' ? 'https' : 'http';
}
