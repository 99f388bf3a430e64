import type { Namespace, Pod } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy, NetworkPolicySpec } from 'kubernetes-types/networking/v1.js';
import type { ClusterState } from './compile.ts';

// What the documentation of NetworkPolicies shows by example, as a table: for each policy, who reaches whom. Unit tests
// ask the compiled permissions, and the kernel is asked with the rules that are made of them.

/** Addresses by name: pods of the namespaces default, myproject and alien, and places outside. */
export const ADDRESSES = {
  db: '10.9.0.10',
  frontend: '10.9.0.11',
  other: '10.9.0.12',
  client: '10.9.0.13',
  alienFrontend: '10.9.0.14',
  listed: '172.17.0.5',
  excepted: '172.17.1.5',
  service: '10.0.0.9',
  elsewhere: '198.51.100.9',
} as const;
export type Place = keyof typeof ADDRESSES;

const NAMESPACES: Record<string, Record<string, string>> = {
  default: {},
  myproject: { project: 'myproject' },
  alien: { project: 'alien' },
};

const PODS: [Place, string, Record<string, string>][] = [
  ['db', 'default', { role: 'db' }],
  ['frontend', 'default', { role: 'frontend' }],
  ['other', 'default', {}],
  ['client', 'myproject', { role: 'client' }],
  ['alienFrontend', 'alien', { role: 'frontend' }],
];

export interface Probe {
  readonly from: Place;
  readonly to: Place;
  readonly port: number;
  readonly allowed: boolean;
}

export interface Case {
  readonly name: string;
  readonly policies: readonly NetworkPolicySpec[];
  readonly probes: readonly Probe[];
}

const yes = (from: Place, to: Place, port = 6379): Probe => ({ from, to, port, allowed: true });
const no = (from: Place, to: Place, port = 6379): Probe => ({ from, to, port, allowed: false });
const role = (name: string) => ({ matchLabels: { role: name } });
const project = { matchLabels: { project: 'myproject' } };
const redis = [{ protocol: 'TCP', port: 6379 }];

export const CASES: readonly Case[] = [
  {
    name: 'without a policy everything is open',
    policies: [],
    probes: [yes('elsewhere', 'db'), yes('client', 'db'), yes('db', 'service', 1)],
  },
  {
    name: 'default deny of all ingress, for every pod of the namespace and no other, and not of what they open',
    policies: [{ podSelector: {}, policyTypes: ['Ingress'] }],
    probes: [no('frontend', 'db'), no('listed', 'other'), yes('db', 'client'), yes('other', 'service')],
  },
  {
    name: 'all ingress allowed, whatever else denies it',
    policies: [
      { podSelector: {}, policyTypes: ['Ingress'] },
      { podSelector: {}, ingress: [{}], policyTypes: ['Ingress'] },
    ],
    probes: [yes('frontend', 'db'), yes('elsewhere', 'other', 1)],
  },
  {
    name: 'default deny of all egress',
    policies: [{ podSelector: {}, policyTypes: ['Egress'] }],
    probes: [no('db', 'client'), no('db', 'frontend'), no('other', 'elsewhere'), yes('client', 'db')],
  },
  {
    name: 'all egress allowed',
    policies: [
      { podSelector: {}, policyTypes: ['Egress'] },
      { podSelector: {}, egress: [{}], policyTypes: ['Egress'] },
    ],
    probes: [yes('db', 'client'), yes('other', 'elsewhere', 1)],
  },
  {
    name: 'default deny of both: a connection has to be allowed at both ends',
    policies: [
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      { podSelector: role('db'), ingress: [{ from: [{ podSelector: role('frontend') }] }] },
      {
        podSelector: role('frontend'),
        egress: [{ to: [{ podSelector: role('db') }] }],
        policyTypes: ['Egress'],
      },
    ],
    probes: [yes('frontend', 'db'), no('other', 'db'), no('db', 'frontend'), no('client', 'frontend')],
  },
  {
    name: 'ranges with exceptions, namespaces and pods as sources, a range as destination, ports of each',
    policies: [
      {
        podSelector: role('db'),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [
              { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } },
              { namespaceSelector: project },
              { podSelector: role('frontend') },
            ],
            ports: redis,
          },
        ],
        egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 5978 }] }],
      },
    ],
    probes: [
      yes('listed', 'db'),
      no('excepted', 'db'),
      no('elsewhere', 'db'),
      yes('client', 'db'),
      yes('frontend', 'db'),
      no('other', 'db'),
      // A pod selector alone is about the policy's own namespace.
      no('alienFrontend', 'db'),
      no('listed', 'db', 6380),
      yes('db', 'service', 5978),
      no('db', 'service', 5979),
      no('db', 'elsewhere', 5978),
      yes('frontend', 'other'),
    ],
  },
  {
    name: 'two selectors in one peer both have to match',
    policies: [
      {
        podSelector: role('db'),
        ingress: [{ from: [{ namespaceSelector: project, podSelector: role('client') }] }],
      },
      {
        podSelector: role('frontend'),
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { project: 'alien' } }, podSelector: role('frontend') },
            ],
          },
        ],
      },
    ],
    probes: [
      yes('client', 'db'),
      no('alienFrontend', 'db'),
      yes('alienFrontend', 'frontend'),
      no('client', 'frontend'),
    ],
  },
  {
    name: 'two peers with a selector each: one has to match',
    policies: [
      {
        podSelector: role('db'),
        ingress: [{ from: [{ namespaceSelector: project }, { podSelector: role('frontend') }] }],
      },
    ],
    probes: [yes('client', 'db'), yes('frontend', 'db'), no('alienFrontend', 'db'), no('other', 'db')],
  },
  {
    name: 'a range of ports',
    policies: [
      {
        podSelector: role('db'),
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ ipBlock: { cidr: '10.0.0.0/24' } }],
            ports: [{ protocol: 'TCP', port: 32_000, endPort: 32_768 }],
          },
        ],
      },
    ],
    probes: [
      no('db', 'service', 31_999),
      yes('db', 'service', 32_000),
      yes('db', 'service', 32_768),
      no('db', 'service', 32_769),
    ],
  },
  {
    name: 'namespaces by an expression',
    policies: [
      {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [
              {
                namespaceSelector: {
                  matchExpressions: [{ key: 'project', operator: 'In', values: ['myproject', 'another'] }],
                },
              },
            ],
          },
        ],
      },
    ],
    probes: [yes('db', 'client'), no('db', 'alienFrontend'), no('db', 'frontend')],
  },
  {
    name: 'a namespace by its name, and a port by the name that the pod gives it',
    policies: [
      {
        podSelector: role('db'),
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'myproject' } } }],
            ports: [{ port: 'redis' }],
          },
        ],
      },
    ],
    probes: [yes('client', 'db'), no('client', 'db', 80), no('alienFrontend', 'db')],
  },
  {
    name: 'an empty selector of namespaces means all pods, and none outside; ports of UDP are not those of TCP',
    policies: [
      { podSelector: role('db'), ingress: [{ from: [{ namespaceSelector: {} }], ports: redis }] },
      { podSelector: role('db'), ingress: [{ ports: [{ protocol: 'UDP', port: 53 }] }] },
    ],
    probes: [yes('client', 'db'), yes('alienFrontend', 'db'), no('listed', 'db'), no('client', 'db', 53)],
  },
  {
    name: 'every port for listed addresses, one port for the rest of the world',
    policies: [
      { podSelector: role('db'), ingress: [{ from: [{ ipBlock: { cidr: '172.17.0.0/24' } }] }] },
      { podSelector: role('db'), ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: redis }] },
    ],
    probes: [yes('listed', 'db', 1), yes('elsewhere', 'db'), no('elsewhere', 'db', 1), yes('other', 'db')],
  },
];

/** The cluster of the table with the policies of one case, all in the namespace default. */
export function clusterOf({ policies }: Pick<Case, 'policies'>): ClusterState {
  return {
    policies: policies.map((spec, index): NetworkPolicy => {
      return { metadata: { namespace: 'default', name: `policy-${index}` }, spec };
    }),
    pods: PODS.map(([name, namespace, labels]): Pod => {
      return {
        metadata: { namespace, name: name.toLowerCase(), labels },
        spec: { containers: [{ name: 'main', ports: [{ name: 'redis', containerPort: 6379 }] }] },
        status: { phase: 'Running', podIP: ADDRESSES[name] },
      };
    }),
    namespaces: Object.entries(NAMESPACES).map(([name, labels]): Namespace => {
      return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } } };
    }),
  };
}
