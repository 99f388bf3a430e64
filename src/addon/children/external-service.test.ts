import { describe, expect, it } from 'vitest';
import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import type { Service } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { addonOf, live, REACHED } from '../testing/fixtures.ts';
import { buildExternalService } from './external-service.ts';
import { difference, replacement, withIntentHash } from './intent/merge.ts';

function built(more: Partial<NonNullable<InfluxAddonSpec['internetAccess']>> = {}): Service | undefined {
  const internetAccess = { ...REACHED.internetAccess, ...more };
  return buildExternalService({ addon: addonOf({ ...REACHED, internetAccess }) });
}

function intent(more: Parameters<typeof built>[0] = {}): Service {
  const service = built(more);
  if (service === undefined) throw new Error('there is no Service');
  return service;
}

describe('the Service outside', () => {
  it('shows the one port, to the listed addresses, of a pod that was started for it', () => {
    expect(built()).toMatchObject({
      metadata: { name: 'my-app-influx-external', namespace: 'shop' },
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        selector: { 'influxaddon.dev/addon': 'my-app', 'influxaddon.dev/external': 'true' },
        ports: [{ name: 'https', port: 8086, protocol: 'TCP', targetPort: 'http' }],
        loadBalancerSourceRanges: ['203.0.113.0/24'],
      },
    });
  });

  it('of type NodePort has no list of its own, which the API server would refuse', () => {
    expect(built({ mode: 'NodePort' })?.spec).not.toHaveProperty('loadBalancerSourceRanges');
  });

  it.each<[string, Partial<InfluxAddonSpec>]>([
    ['is switched off', { ...REACHED, internetAccess: { mode: 'Disabled', allowedCIDRs: ['0.0.0.0/0'] } }],
    ['is for nobody', { ...REACHED, internetAccess: { mode: 'NodePort', allowedCIDRs: [] } }],
    ['has no list', { ...REACHED, internetAccess: { mode: 'NodePort' } }],
    ['comes without TLS', { internetAccess: { mode: 'NodePort', allowedCIDRs: ['0.0.0.0/0'] } }],
    ['comes with TLS switched off', { ...REACHED, tls: { mode: 'Disabled' } }],
  ])('does not exist when access %s', (_, spec) => {
    expect(buildExternalService({ addon: addonOf(spec) })).toBeUndefined();
  });

  it('passes annotations on, but for those that are the operator’s or would widen the list', () => {
    const serviceAnnotations = {
      'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
      'influxaddon.dev/intent': 'x',
      'restarted-for.influxaddon.dev/other': 'x',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'service.beta.kubernetes.io/load-balancer-source-ranges': '0.0.0.0/0',
      'service.beta.kubernetes.io/azure-allowed-ip-ranges': '0.0.0.0/0',
    };
    expect(intent({ serviceAnnotations }).metadata?.annotations).toEqual({
      'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
      'influxaddon.dev/passed-on': 'service.beta.kubernetes.io/aws-load-balancer-type',
    });
  });
});

/** As the API server and a load balancer's controller leave it. */
function stored(service: Service, more: object = {}): Live<Service> {
  const hashed = withIntentHash(service);
  const annotations = { ...hashed.metadata?.annotations, 'example.com/controller': 'kept' };
  return live({
    ...hashed,
    metadata: {
      ...hashed.metadata,
      annotations,
      finalizers: ['service.kubernetes.io/load-balancer-cleanup'],
    },
    spec: {
      ...hashed.spec,
      clusterIP: '10.0.0.9',
      healthCheckNodePort: 30_999,
      loadBalancerClass: 'example.com/lb',
      allocateLoadBalancerNodePorts: true,
      ports: hashed.spec?.ports?.map((port) => ({ ...port, nodePort: 30_123 })),
      ...more,
    },
  } as Service);
}

describe('an external Service in the cluster', () => {
  it('is left as the API server and the load balancer filled it in', () => {
    expect(difference(stored(intent()), intent())).toBeUndefined();
  });

  it.each([
    { what: 'the list widened', more: { loadBalancerSourceRanges: ['203.0.113.0/24', '0.0.0.0/0'] } },
    { what: 'the list emptied', more: { loadBalancerSourceRanges: [] } },
    { what: 'the selector cut', more: { selector: { 'influxaddon.dev/addon': 'my-app' } } },
    { what: 'addresses added', more: { externalIPs: ['198.51.100.7'] } },
    { what: 'the policy changed', more: { externalTrafficPolicy: 'Cluster' } },
    { what: 'a port added', more: { ports: [{ port: 8086 }, { port: 8088 }] } },
    { what: 'the type changed', more: { type: 'NodePort' } },
  ])('comes back with $what by hand', ({ more }) => {
    const wrecked = stored(intent(), more);
    expect(difference(wrecked, intent())).toBeDefined();
    const body = replacement(wrecked, intent());
    expect(body.spec).toMatchObject({ ...intent().spec, loadBalancerClass: 'example.com/lb' });
    expect(body.spec).not.toHaveProperty('externalIPs');
    expect(body.metadata?.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup']);
  });

  it('loses the annotations that the addon gives no more, and keeps those of others', () => {
    const before = stored(intent({ serviceAnnotations: { 'a.example/x': '1', 'a.example/y': '2' } }));
    const after = intent({ serviceAnnotations: { 'a.example/y': '3' } });
    expect(difference(before, after)).toBeDefined();
    expect(replacement(before, after).metadata?.annotations).toMatchObject({
      'a.example/y': '3',
      'example.com/controller': 'kept',
    });
    expect(replacement(before, after).metadata?.annotations).not.toHaveProperty('a.example/x');
    expect(replacement(before, intent()).metadata?.annotations).not.toHaveProperty('a.example/y');
  });
});
