import { describe, expect, it } from 'vitest';
import type { NetworkPolicy, Service } from '../../kube/objects/kinds.ts';
import { isNarrowerPolicy, isNarrowerService } from './narrower.ts';

type Peer = NonNullable<NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number]['from']>[number];

const HERE: Peer = { podSelector: {} };
const EVERYWHERE: Peer = { namespaceSelector: {} };
const WEB: Peer = { podSelector: { matchLabels: { app: 'web' } } };
const OPERATOR: Peer = { namespaceSelector: { matchLabels: { team: 'platform' } }, podSelector: {} };
const WORLD: Peer = { ipBlock: { cidr: '203.0.113.0/24' } };

function policy(...from: Peer[]): NetworkPolicy {
  return { spec: { podSelector: {}, ingress: [{ from, ports: [{ port: 'http' }] }] } };
}

describe('a policy lets in nobody new', () => {
  it.each([
    ['none', undefined, policy(HERE), true],
    ['the same', policy(HERE, OPERATOR), policy(OPERATOR, HERE), true],
    ['fewer', policy(WEB, OPERATOR), policy(OPERATOR), true],
    ['pods of the namespace', policy(HERE), policy(WEB), true],
    ['pods of any namespace', policy(EVERYWHERE), policy(HERE, OPERATOR), true],
    ['all of the namespace instead of some', policy(WEB), policy(HERE), false],
    ['another namespace instead of this one', policy(HERE), policy(OPERATOR), false],
    ['the outside', policy(EVERYWHERE), policy(WORLD), false],
    ['no policy any more', policy(EVERYWHERE), undefined, false],
  ])('%s', (_, live, wanted, narrower) => {
    expect(isNarrowerPolicy(live, wanted)).toBe(narrower);
  });

  it('on no other port', () => {
    const agent = { spec: { podSelector: {}, ingress: [{ from: [WEB], ports: [{ port: 'agent' }] }] } };
    expect(isNarrowerPolicy(policy(WEB), agent)).toBe(false);
  });
});

describe('a Service lets in nobody new', () => {
  const service = (
    ranges: string[] | undefined,
    annotations?: Record<string, string>,
    type = 'LoadBalancer',
  ) =>
    ({
      metadata: { annotations },
      spec: { type, ...(ranges === undefined ? {} : { loadBalancerSourceRanges: ranges }) },
    }) as Service;
  const told = (value: string) => ({ 'influxaddon.dev/passed-on': 'cloud/scheme', 'cloud/scheme': value });

  it.each([
    ['that goes', service(['a']), undefined, true],
    ['that is new', undefined, service([]), false],
    ['with fewer addresses', service(['a', 'b']), service(['b']), true],
    ['with other addresses', service(['a']), service(['b']), false],
    ['that had no list', service(undefined), service(['a']), true],
    ['without a list any more', service(['a']), service(undefined), false],
    ['of another type', service([], undefined, 'NodePort'), service([]), false],
    ['with the same annotations', service(['a'], told('internal')), service(['a'], told('internal')), true],
    ['with other annotations', service(['a'], told('internal')), service(['a'], told('internet')), false],
  ])('%s', (_, live, wanted, narrower) => {
    expect(isNarrowerService(live, wanted)).toBe(narrower);
  });
});
