import type { ServiceStatus } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Service } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { buildExternalService } from '../children/external-service.ts';
import { addonOf, inForce, live, NO_CHILDREN, NOW, REACHED, worldOf } from '../testing/fixtures.ts';
import { podOf } from '../testing/pods.ts';
import { type World } from '../world/world.ts';
import { NO_MEMORY } from '../world/memory.ts';
import {
  allowedOutside,
  certificateNames,
  endpointInForce,
  externalEndpointOf,
  isStartedFor,
  requiredNames,
  withInternetAccess,
} from './in-force.ts';
import { wayIn } from './way-in.ts';

const NODES = new Map([
  ['one', ['198.51.100.1', '10.0.0.1']],
  ['two', ['198.51.100.2', '10.0.0.2']],
]);
const NODE_PORT: Partial<InfluxAddonSpec> = {
  ...REACHED,
  internetAccess: { mode: 'NodePort', allowedCIDRs: ['203.0.113.0/24'] },
};

function serviceOf(
  spec: Partial<InfluxAddonSpec>,
  ingress: NonNullable<NonNullable<ServiceStatus['loadBalancer']>['ingress']> = [],
  metadata: object = {},
): Live<Service> {
  const built = buildExternalService({ addon: addonOf(spec) });
  const ports = built?.spec?.ports?.map((port) => ({ ...port, nodePort: 30_123 }));
  return live({
    ...built,
    metadata: { ...built?.metadata, uid: 'service-uid', ...metadata },
    spec: { ...built?.spec, ports },
    status: { loadBalancer: { ingress } },
  } as Service);
}

function world(spec: Partial<InfluxAddonSpec>, service?: Live<Service>, more: Partial<World> = {}): World {
  const pod = podOf();
  return worldOf({
    addon: addonOf(spec),
    children: { ...NO_CHILDREN, externalService: service },
    nodeAddresses: NODES,
    pod: { ...pod, spec: { containers: [], nodeName: 'two' } },
    ...more,
  });
}

const at = (seconds: number) => NOW.getTime() + seconds * 1000;
const withHosts = (spec: Partial<InfluxAddonSpec>, ...hostnames: string[]): Partial<InfluxAddonSpec> => ({
  ...spec,
  internetAccess: { ...spec.internetAccess, hostnames },
});

describe('the way in of a load balancer', () => {
  it('is awaited for two minutes, however often the operator starts anew, and then missing', () => {
    const service = serviceOf(REACHED);
    expect(wayIn(world(REACHED), at(0))).toEqual({ state: 'Awaited', untilMs: at(120) });
    expect(wayIn(world(REACHED, service), at(119))).toEqual({ state: 'Awaited', untilMs: at(120) });
    expect(wayIn(world(REACHED, service), at(120))).toMatchObject({
      state: 'Missing',
      refusal: {
        reason: 'NoExternalAddress',
        message: expect.stringContaining('spec.internetAccess.mode: LoadBalancer') as string,
      },
    });
  });

  it('is not awaited where the Service may not be made: a finding tells why', () => {
    const finding = {
      target: 'Service/my-app-influx-external',
      reason: 'NameConflict',
      message: 'is somebody else’s',
      generation: 1,
      untilMs: at(30),
    } as const;
    const memory = { ...NO_MEMORY, findings: [finding] };
    expect(wayIn(world(REACHED, undefined, { memory }), at(0))).toEqual({
      state: 'Missing',
      refusal: undefined,
    });
  });

  it('is where the load balancer says, by the first host name that the spec gives, else by its address', () => {
    const ingress = [{ ip: '192.0.2.7' }, { hostname: 'lb.example.net' }];
    const open = wayIn(world(REACHED, serviceOf(REACHED, ingress)), at(500));
    expect(open).toMatchObject({
      state: 'Open',
      addresses: ['192.0.2.7', 'lb.example.net'],
      mark: 'LoadBalancer/service-uid',
      endpoint: { host: '192.0.2.7', port: 8086 },
    });
    const named = withHosts(REACHED, 'db.example.com', 'other.example.com');
    expect(wayIn(world(named, serviceOf(named, ingress)), at(0))).toMatchObject({
      endpoint: { host: 'db.example.com', port: 8086 },
    });
  });

  it('is not one that is on its way out, nor one of another type', () => {
    const ingress = [{ ip: '192.0.2.7' }];
    const leaving = serviceOf(REACHED, ingress, { deletionTimestamp: NOW.toISOString() });
    expect(wayIn(world(REACHED, leaving), at(1))).toMatchObject({ state: 'Awaited' });
    expect(wayIn(world(NODE_PORT, serviceOf(REACHED, ingress)), at(1))).toMatchObject({ state: 'Awaited' });
    expect(wayIn(world({}, serviceOf(REACHED, ingress)), at(1))).toEqual({ state: 'Off' });
  });
});

describe('the way in by a port of the nodes', () => {
  it('is at the node of the pod, and good for the addresses of all', () => {
    expect(wayIn(world(NODE_PORT, serviceOf(NODE_PORT)), at(0))).toMatchObject({
      addresses: ['10.0.0.1', '10.0.0.2', '198.51.100.1', '198.51.100.2'],
      mark: 'NodePort',
      endpoint: { host: '198.51.100.2', port: 30_123 },
    });
  });

  it('stays where it was while the pod is being replaced', () => {
    const addon = addonOf(NODE_PORT, { status: { externalEndpoint: 'https://198.51.100.1:30123' } });
    const seen = world(NODE_PORT, serviceOf(NODE_PORT), { addon, pod: undefined });
    expect(wayIn(seen, at(0))).toMatchObject({ endpoint: { host: '198.51.100.1', port: 30_123 } });
  });
});

describe('what the database is started for', () => {
  const tls = { ...inForce(), tls: 'Required' as const };
  const resolution = { target: tls, refusal: undefined };
  const named = withHosts(NODE_PORT, 'db.example.com');
  const open = wayIn(world(named, serviceOf(named)), at(0));

  it('is the host names, and the addresses by a mark: new nodes are no reason for a stop', () => {
    const { target } = withInternetAccess(addonOf(named), resolution, open, undefined);
    expect(target?.external).toEqual(['NodePort', 'db.example.com']);
    const more = new Map([...NODES, ['three', ['198.51.100.3']]]);
    const grown = wayIn(world(named, serviceOf(named), { nodeAddresses: more }), at(0));
    expect(withInternetAccess(addonOf(named), resolution, grown, undefined).target).toEqual(target);
    // But its certificate gets the new address, for whenever it is started next.
    const names = certificateNames(world(named), target ?? tls, grown);
    expect(names).toEqual(expect.arrayContaining(['db.example.com', '198.51.100.3', '198.51.100.1']));
  });

  it('is nothing while the address is awaited or missing, nor without TLS', () => {
    const awaited = wayIn(world(REACHED), at(0));
    expect(withInternetAccess(addonOf(REACHED), resolution, awaited, undefined).target).toEqual(tls);
    const plain = { ...resolution, target: inForce() };
    expect(withInternetAccess(addonOf(named), plain, open, undefined).target).toEqual(inForce());
  });

  it('is what it was started for while the Service is out of sight, until access is off or TLS is', () => {
    const current = { external: ['NodePort', 'db.example.com'] };
    const missing = wayIn(world(REACHED, serviceOf(REACHED)), at(120));
    expect(missing.state).toBe('Missing');
    const started = { ...tls, ...current };
    expect(withInternetAccess(addonOf(NODE_PORT), resolution, missing, current).target).toEqual(started);
    const off = { state: 'Off' } as const;
    expect(withInternetAccess(addonOf(NODE_PORT), resolution, off, started).target).toEqual(tls);
    const plain = { ...resolution, target: inForce() };
    expect(withInternetAccess(addonOf(NODE_PORT), plain, missing, started).target).toEqual(inForce());
  });

  it.each<{ current: string[] | undefined; wish: string[] | undefined; is: boolean }>([
    { current: undefined, wish: undefined, is: true },
    { current: undefined, wish: ['NodePort'], is: false },
    { current: ['NodePort', 'a.example'], wish: ['NodePort'], is: true },
    { current: ['NodePort', 'a.example'], wish: undefined, is: true },
    { current: ['NodePort'], wish: ['NodePort', 'a.example'], is: false },
    { current: ['LoadBalancer/one'], wish: ['LoadBalancer/two'], is: false },
  ])('$current is enough for $wish: $is', ({ current, wish, is }) => {
    const external = (names: string[] | undefined) => (names === undefined ? {} : { external: names });
    expect(isStartedFor(external(current), external(wish))).toBe(is);
  });

  it.each<[string, Partial<InfluxAddonSpec>, string]>([
    ['without TLS', { ...NODE_PORT, tls: { mode: 'Disabled' } }, 'spec.tls.mode: Required'],
    [
      'for nobody',
      { ...NODE_PORT, internetAccess: { mode: 'NodePort', allowedCIDRs: [] } },
      '0.0.0.0/0 and ::/0',
    ],
  ])('is refused %s, where the schema let it pass', (_, spec, words) => {
    const { target, refusal } = withInternetAccess(addonOf(spec), resolution, { state: 'Off' }, undefined);
    expect(target).toBeUndefined();
    expect(refusal).toMatchObject({
      reason: 'InternetAccessRefused',
      message: expect.stringContaining(words) as string,
    });
  });
});

describe('once the database was started for it', () => {
  const before = { ...inForce(), tls: 'Required' as const };
  const started = { ...before, external: ['NodePort'] };
  const open = wayIn(world(NODE_PORT, serviceOf(NODE_PORT)), at(0));

  it('the outside may connect and is told where; before that nobody may', () => {
    expect(endpointInForce(open, before)).toBeUndefined();
    expect(allowedOutside(addonOf(NODE_PORT), before)).toEqual([]);
    expect(endpointInForce(open, started)).toEqual({ host: '198.51.100.2', port: 30_123 });
    expect(allowedOutside(addonOf(NODE_PORT), started)).toEqual(['203.0.113.0/24']);
  });

  it('off takes list and URL away at once, though the database still has the certificate', () => {
    const off = wayIn(world({ tls: { mode: 'Required' } }, serviceOf(NODE_PORT)), at(0));
    expect(allowedOutside(addonOf({ tls: { mode: 'Required' } }), started)).toEqual([]);
    expect(externalEndpointOf({ externalEndpoint: 'https://x:1' }, undefined, off)).toBeUndefined();
  });

  it('status keeps the URL through a restart, and writes an IPv6 address as URLs have it', () => {
    const status = { externalEndpoint: 'https://198.51.100.2:30123' };
    expect(externalEndpointOf(status, undefined, open)).toBe(status.externalEndpoint);
    expect(externalEndpointOf({}, started, open)).toBe(status.externalEndpoint);
    const ingress = [{ ip: '2001:db8::7' }];
    const six = wayIn(world(REACHED, serviceOf(REACHED, ingress)), at(0));
    const target = { ...before, external: ['LoadBalancer/service-uid'] };
    expect(externalEndpointOf({}, target, six)).toBe('https://[2001:db8::7]:8086');
  });

  it('a certificate of the user’s own has to be for the host names, or for the addresses where there are none', () => {
    expect(requiredNames(open)).toContain('198.51.100.2');
    const named = withHosts(NODE_PORT, 'db.example.com');
    expect(requiredNames(wayIn(world(named, serviceOf(named)), at(0)))).toEqual(['db.example.com']);
  });
});
