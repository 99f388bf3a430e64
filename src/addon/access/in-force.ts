import type { InfluxAddonStatus } from '../../api/influx-addon.ts';
import type { InForce } from '../world/facts.ts';
import type { Resolution } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';
import { NODE_PORT_MARK, type WayIn } from './way-in.ts';
import { type ExternalEndpoint } from '../world/settings.ts';
import { internetRefusal, internetWish } from './internet-wish.ts';

/**
 * The resolution with what the database has to be started for, so that its certificate is good outside. While nobody
 * knows the way in, that is what `current` has: a view of the Service that is out of date takes no name away.
 */
export function withInternetAccess(
  addon: World['addon'],
  resolution: Resolution,
  way: WayIn,
  current: Pick<InForce, 'external'> | undefined,
): Resolution {
  const { target } = resolution;
  if (target === undefined) return resolution;
  const refusal = internetRefusal(addon);
  if (refusal !== undefined) return { target: undefined, refusal };
  if (way.state === 'Off' || target.tls !== 'Required') return resolution;
  const external =
    way.state === 'Open' ? [...new Set([...way.hostnames, way.mark])].toSorted() : current?.external;
  if (external === undefined) return resolution;
  return { target: { ...target, external }, refusal: undefined };
}

/** A database that was started for all that is wanted goes on: fewer names are no reason for a stop. */
export function isStartedFor(current: Pick<InForce, 'external'>, wish: Pick<InForce, 'external'>): boolean {
  return (wish.external ?? []).every((name) => current.external?.includes(name) === true);
}

/** The names beside those of the Service inside that a certificate of the operator's has to have. */
export function certificateNames(world: World, target: InForce, way: WayIn): string[] {
  const recorded = (target.external ?? []).filter((name) => !isMark(name));
  const asked = internetWish(world.addon)?.hostnames ?? [];
  return [...new Set([...asked, ...recorded, ...(way.state === 'Open' ? way.addresses : [])])];
}

/**
 * What a certificate of the user's own has to be for: the host names that the spec gives; without any, the addresses
 * that the cluster gave.
 */
export function requiredNames(way: WayIn): readonly string[] {
  if (way.state !== 'Open') return [];
  return way.hostnames.length > 0 ? way.hostnames : way.addresses;
}

/** Where the database is reached from outside; undefined before it was started for that. */
export function endpointInForce(way: WayIn, target: Pick<InForce, 'external'>): ExternalEndpoint | undefined {
  return way.state === 'Open' && target.external?.includes(way.mark) === true ? way.endpoint : undefined;
}

/** Who may connect from outside: nobody before the database was started with a certificate that is good there. */
export function allowedOutside(addon: World['addon'], target: Pick<InForce, 'external'>): readonly string[] {
  return target.external === undefined ? [] : (internetWish(addon)?.allowedCIDRs ?? []);
}

/** What status tells: nothing once it is off, and what it said while nobody knows better. */
export function externalEndpointOf(
  before: InfluxAddonStatus | undefined,
  inForce: InForce | undefined,
  way: WayIn,
): string | undefined {
  if (way.state !== 'Open') return undefined;
  if (inForce === undefined) return before?.externalEndpoint;
  const endpoint = endpointInForce(way, inForce);
  return endpoint && `https://${hostAndPort(endpoint)}`;
}

/** As in a URL, where an IPv6 address is in brackets. */
export function hostAndPort({ host, port }: ExternalEndpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isMark(name: string): boolean {
  return name === NODE_PORT_MARK || name.startsWith('LoadBalancer/');
}
