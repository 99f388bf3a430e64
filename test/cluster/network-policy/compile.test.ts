import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ADDRESSES, CASES, clusterOf, type Probe } from './cases.ts';
import {
  compile,
  ENFORCED,
  labelledOnly,
  UnsupportedPolicy,
  type Allow,
  type Compiled,
  type Direction,
} from './compile.ts';
import { rulesetOf } from './ruleset.ts';

/** Whether the permissions let a TCP connection through. */
function lets({ isolated, allows }: Compiled, { from, to, port }: Omit<Probe, 'allowed'>): boolean {
  const ends: [Direction, string, string][] = [
    ['Egress', ADDRESSES[from], ADDRESSES[to]],
    ['Ingress', ADDRESSES[to], ADDRESSES[from]],
  ];
  return ends.every(
    ([direction, own, other]) =>
      !isolated[direction].includes(own) ||
      allows.some(
        (allow) =>
          allow.direction === direction && allow.pod === own && isPeer(allow, other) && isPort(allow, port),
      ),
  );
}

function isPeer({ peer }: Allow, address: string): boolean {
  if (peer === undefined) return true;
  return isIn(peer.cidr, address) && !peer.except.some((each) => isIn(each, address));
}

function isIn(cidr: string, address: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(address);
}

function isPort({ port }: Allow, wanted: number): boolean {
  return port === undefined || (port.protocol === 'tcp' && wanted >= port.first && wanted <= port.last);
}

describe.each(CASES)('$name', ({ policies, probes }) => {
  const compiled = compile(clusterOf({ policies }));

  it.each(probes)('$from to $to:$port is allowed: $allowed', (probe) => {
    expect(lets(compiled, probe)).toBe(probe.allowed);
  });
});

/** What the table asks for, and what it is told. */
function failures(change: (compiled: Compiled) => Compiled, of = CASES): string[] {
  return of.flatMap(({ name, policies, probes }) =>
    probes
      .filter((probe) => lets(change(compile(clusterOf({ policies }))), probe) !== probe.allowed)
      .map((probe) => `${name}: ${probe.from} to ${probe.to}:${probe.port}`),
  );
}

describe('the table notices', () => {
  it('nothing when nothing is changed', () => {
    expect(failures((compiled) => compiled)).toEqual([]);
  });

  it('when any rule of any of its policies is left out', () => {
    const unnoticed = CASES.flatMap((each) =>
      each.policies.flatMap((spec, at) =>
        (['ingress', 'egress'] as const).flatMap((key) =>
          (spec[key] ?? []).flatMap((_, index) => {
            const less = { ...spec, [key]: (spec[key] ?? []).toSpliced(index, 1) };
            // The types stay as they were, or the policy would be about another direction.
            const policyTypes = spec.policyTypes ?? ['Ingress'];
            const policies = each.policies.with(at, { ...less, policyTypes });
            const noticed = failures((compiled) => compiled, [{ ...each, policies }]);
            // Nobody asks for UDP: see the kernel.
            const ofUdp = JSON.stringify(spec[key]).includes('UDP');
            return noticed.length > 0 || ofUdp ? [] : [`${each.name}: ${key} ${index} of policy ${at}`];
          }),
        ),
      ),
    );
    expect(unnoticed).toEqual([]);
  });

  it('when any peer of any rule is left out', () => {
    const unnoticed = CASES.flatMap((each) =>
      each.policies.flatMap((spec, at) =>
        (spec.ingress ?? []).flatMap((rule, index) =>
          (rule.from ?? []).flatMap((peer) => {
            const from = (rule.from ?? []).filter((other) => other !== peer);
            // An empty list would mean everybody.
            if (from.length === 0) return [];
            const ingress = (spec.ingress ?? []).with(index, { ...rule, from });
            const policies = each.policies.with(at, { ...spec, ingress });
            const noticed = failures((compiled) => compiled, [{ ...each, policies }]);
            return noticed.length > 0 ? [] : [`${each.name}: ${JSON.stringify(peer)}`];
          }),
        ),
      ),
    );
    expect(unnoticed).toEqual([]);
  });

  it.each<[string, (compiled: Compiled) => Compiled]>([
    [
      'exceptions are forgotten',
      (compiled) =>
        each(compiled, (allow) => ({ ...allow, peer: allow.peer && { ...allow.peer, except: [] } })),
    ],
    ['ports are forgotten', (compiled) => each(compiled, (allow) => ({ ...allow, port: undefined }))],
    [
      'the end of a range of ports is forgotten',
      (compiled) =>
        each(compiled, (allow) => ({
          ...allow,
          port: allow.port && { ...allow.port, last: allow.port.first },
        })),
    ],
    ['peers are forgotten', (compiled) => each(compiled, (allow) => ({ ...allow, peer: undefined }))],
    ['nobody is isolated', (compiled) => ({ ...compiled, isolated: { Ingress: [], Egress: [] } })],
    [
      'what pods open is not looked at',
      (compiled) => ({ ...compiled, isolated: { ...compiled.isolated, Egress: [] } }),
    ],
    [
      'what is opened on pods is not looked at',
      (compiled) => ({ ...compiled, isolated: { ...compiled.isolated, Ingress: [] } }),
    ],
  ])('when %s', (_, change) => {
    expect(failures(change).length).toBeGreaterThan(0);
  });
});

function each(compiled: Compiled, change: (allow: Allow) => Allow): Compiled {
  return { ...compiled, allows: compiled.allows.map(change) };
}

describe('the double', () => {
  it.each<[string, object]>([
    ['SCTP', { ingress: [{ ports: [{ protocol: 'SCTP', port: 1 }] }] }],
    ['a field of a later release', { ingress: [{ from: [{ somethingNew: {} }] }] }],
    ['an unknown operator', { podSelector: { matchExpressions: [{ key: 'role', operator: 'Like' }] } }],
  ])('refuses %s rather than letting too much through', (_, spec) => {
    const policies = [{ podSelector: {}, ...spec }];
    expect(() => compile(clusterOf({ policies }))).toThrow(UnsupportedPolicy);
  });

  it('leaves out pods that are on the network of their node, or gone', () => {
    const cluster = clusterOf({ policies: [{ podSelector: {} }] });
    const [first = {}, second = {}, third = {}] = cluster.pods;
    const pods = [
      { ...first, spec: { containers: [], hostNetwork: true } },
      { ...second, status: { phase: 'Succeeded', podIP: ADDRESSES.frontend } },
      third,
    ];
    expect(compile({ ...cluster, pods }).isolated.Ingress).toEqual([ADDRESSES.other]);
  });

  it('writes rules for pods only that a policy selects', () => {
    expect(rulesetOf(compile(clusterOf({ policies: [] })))).not.toContain('10.9.0');
    const ruleset = rulesetOf(compile(clusterOf(CASES[6] ?? { policies: [] })));
    expect(ruleset).toContain(
      'ip daddr 10.9.0.10 ip saddr 172.17.0.0/16 ip saddr != { 172.17.1.0/24 } tcp dport 6379 return',
    );
    expect(ruleset).not.toContain('ip daddr 10.9.0.12');
  });
});

it('leaves out the policies of namespaces that are not labelled, where only labelled ones are enforced', () => {
  const policy = (namespace: string) => ({ metadata: { name: 'all', namespace }, spec: { podSelector: {} } });
  const state = {
    policies: [policy('enforced'), policy('other')],
    pods: [],
    namespaces: [{ metadata: { name: 'enforced', labels: ENFORCED } }, { metadata: { name: 'other' } }],
  };
  expect(labelledOnly(state).policies).toEqual([policy('enforced')]);
});
