import type { Scene } from '../decision/story.ts';
import { type ExternalEndpoint } from '../world/settings.ts';
import type { Service } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { ENGINE_PORT } from '../../influx/pod-parts.ts';
import { activeFindings } from '../decision/findings.ts';
import { childNames } from '../world/names.ts';
import { STALLED_REASON } from '../../api/reasons.ts';
import type { Refusal } from '../decision/resolution.ts';
import type { World } from '../world/world.ts';
import { internetWish, type InternetWish } from './internet-wish.ts';

/** How far the way in from outside is. */
export type WayIn =
  | { readonly state: 'Off' }
  /** The Service has no address yet, and may get one soon: whatever stops the database waits for that, to be one stop. */
  | { readonly state: 'Awaited'; readonly untilMs: number }
  /** There is no Service, or none with an address; `refusal` unless a finding tells why. */
  | { readonly state: 'Missing'; readonly refusal: Refusal | undefined }
  | {
      readonly state: 'Open';
      readonly hostnames: readonly string[];
      /** Host names and IP addresses by which the cluster says that the database is reached. */
      readonly addresses: readonly string[];
      /**
       * Stands for the addresses in the record of what the database was started for. Those of a load balancer change
       * with its Service, and those of nodes with the cluster: what the platform changes is no reason to restart now.
       */
      readonly mark: string;
      /** Undefined while nobody knows on which node the database is. */
      readonly endpoint: ExternalEndpoint | undefined;
    };

/** As long as the clouds take for a load balancer. */
export const ADDRESS_DEADLINE_MS = 120_000;
export const NODE_PORT_MARK = 'NodePort';

type Seen = Pick<World, 'addon' | 'children' | 'pod' | 'nodeAddresses' | 'memory' | 'settings'>;

/** Pure; `nowMs` only matters while a load balancer has no address. */
export function wayIn(world: Seen, nowMs: number): WayIn {
  const wish = internetWish(world.addon);
  if (wish === undefined) return { state: 'Off' };
  const { externalService } = world.children;
  const { service, leftMs } = usable(externalService, world, nowMs);
  const open = service === undefined ? undefined : opened(world, wish, service);
  if (open !== undefined) return open;
  const name = childNames(world.addon.metadata.name).externalService;
  const target = `Service/${name}`;
  if (activeFindings(world, nowMs).some((finding) => finding.target === target))
    return { state: 'Missing', refusal: undefined };
  if (leftMs > 0) return { state: 'Awaited', untilMs: nowMs + leftMs };
  const seconds = Math.round(deadlineOf(world) / 1000);
  const message =
    wish.mode === 'LoadBalancer'
      ? `spec.internetAccess.mode: LoadBalancer: the Service ${name} has had no address for ${seconds} s. Does this cluster have load balancers? kubectl describe service ${name} may say more; NodePort needs none. Inside the cluster the database goes on as it is.`
      : `spec.internetAccess.mode: NodePort: the Service ${name} has had no port for ${seconds} s. Inside the cluster the database goes on as it is.`;
  return { state: 'Missing', refusal: { reason: STALLED_REASON.noExternalAddress, message } };
}

/** The Service that counts, and how long an address of it is awaited. One that is going away is as good as gone. */
function usable(
  live: Live<Service> | undefined,
  world: Seen,
  nowMs: number,
): { service: Live<Service> | undefined; leftMs: number } {
  const deadline = deadlineOf(world);
  if (live === undefined) return { service: undefined, leftMs: deadline };
  const { creationTimestamp, deletionTimestamp } = live.metadata;
  const since = Date.parse(deletionTimestamp ?? creationTimestamp ?? '');
  const leftMs = Number.isNaN(since) ? 0 : since + deadline - nowMs;
  return { service: deletionTimestamp === undefined ? live : undefined, leftMs };
}

function opened(world: Seen, wish: InternetWish, service: Live<Service>): WayIn | undefined {
  const { mode, hostnames } = wish;
  if (service.spec?.type !== mode) return undefined;
  if (mode === 'LoadBalancer') {
    const ingress = service.status?.loadBalancer?.ingress ?? [];
    const addresses = ingress.flatMap(({ hostname, ip }) => [hostname, ip].filter(isText));
    const host = hostnames[0] ?? addresses[0];
    if (addresses.length === 0 || host === undefined) return undefined;
    const mark = `LoadBalancer/${service.metadata.uid}`;
    return { state: 'Open', hostnames, addresses, mark, endpoint: { host, port: ENGINE_PORT } };
  }
  const port = service.spec.ports?.[0]?.nodePort;
  if (port === undefined) return undefined;
  const host = hostnames[0] ?? hostOfNode(world);
  const endpoint = host === undefined ? undefined : { host, port };
  return { state: 'Open', hostnames, addresses: allAddresses(world), mark: NODE_PORT_MARK, endpoint };
}

/** Only the node of the pod answers; while the pod is being replaced, where it was. */
function hostOfNode({ addon, pod, nodeAddresses }: Seen): string | undefined {
  const [address] = nodeAddresses?.get(pod?.spec?.nodeName ?? '') ?? [];
  if (address !== undefined) return address;
  const before = addon.status?.externalEndpoint;
  return before === undefined ? undefined : URL.parse(before)?.hostname.replace(/^\[|\]$/g, '');
}

/** Of every node, since the pod may come to run on any: what it reads when it starts is then good there too. */
function allAddresses({ nodeAddresses }: Seen): string[] {
  return [...(nodeAddresses?.values() ?? [])].flat().toSorted();
}

function deadlineOf({ settings }: Seen): number {
  return settings.externalAddressMs ?? ADDRESS_DEADLINE_MS;
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

export function wayInStep({ world, now }: Scene): { readonly way: WayIn } {
  return { way: wayIn(world, now.getTime()) };
}

/** What is waited for before anything stops the database. */
export const AN_ADDRESS = 'the Service outside the cluster to get an address';

export function isStartHeld({ addon, children }: World, way: WayIn): boolean {
  return (
    way.state === 'Awaited' &&
    children.statefulSet === undefined &&
    addon.status?.dataPlane?.revision === undefined
  );
}
