import type { Change } from './operation.ts';

const expression = { key: 'zone', operator: 'In', values: ['a'] };
const selector = { matchLabels: { app: 'grafana' }, matchExpressions: [expression] };
const term = { topologyKey: 'zone', labelSelector: selector };
const open = { tls: { mode: 'Required' } };

type Value = Readonly<Record<string, unknown>>;

/**
 * Valid changes of each leaf of the spec. A leaf without a line here, of its own or of what it is part of, fails the
 * build: a capability brings its own.
 */
export const changes: Readonly<Record<string, readonly Value[]>> = {
  plan: [{ plan: '1g' }, { plan: '512m' }],
  version: [{ version: '1.8.10' }, { version: '1.8' }],
  state: [{ state: 'Stopped' }, { state: 'Running' }],
  'apps[].kind': [{ apps: [{ name: 'web', kind: 'Deployment', env: 'Inject' }] }],
  'apps[].name': [{ apps: [{ name: 'web' }, { name: 'worker' }] }, { apps: [] }],
  'apps[].env': [{ apps: [{ name: 'web', env: 'FromSecret' }] }, { apps: [{ name: 'web', env: 'Inject' }] }],
  'apps[].containers[]': [{ apps: [{ name: 'web', env: 'Inject', containers: ['main'] }] }],
  'connection.prefix': [{ connection: { prefix: 'METRICS' } }, { connection: null }],
  'connection.alias': [{ connection: { alias: '' } }, { connection: { alias: 'DB' } }],
  'tls.mode': [{ tls: { mode: 'Required' } }, { tls: { mode: 'Disabled' }, internetAccess: null }],
  'tls.certificateRef.name': [{ tls: { mode: 'Required', certificateRef: { name: 'mine' } } }],
  'internetAccess.mode': [
    { ...open, internetAccess: { mode: 'NodePort', allowedCIDRs: ['203.0.113.0/24'] } },
    { internetAccess: { mode: 'Disabled' } },
  ],
  'internetAccess.allowedCIDRs[]': [
    { internetAccess: { allowedCIDRs: ['198.51.100.0/24', '2001:db8::/32'] } },
  ],
  'internetAccess.hostnames[]': [{ internetAccess: { hostnames: ['influx.example.com'] } }],
  'internetAccess.serviceAnnotations': [
    { internetAccess: { serviceAnnotations: { 'example.com/lb': 'x' } } },
  ],
  'access.policy': [{ access: { policy: 'Open', from: null } }, { access: { policy: 'Bound' } }],
  'access.from[].podSelector': [{ access: { policy: 'Bound', from: [{ podSelector: selector }] } }],
  'retentionPolicies[].name': [{ retentionPolicies: [{ name: 'one_week', duration: '7d' }] }],
  'retentionPolicies[].duration': [{ retentionPolicies: [{ name: 'one_week', duration: '8d' }] }],
  'retentionPolicies[].shardDuration': [
    { retentionPolicies: [{ name: 'one_week', duration: '8d', shardDuration: '1d' }] },
  ],
  defaultRetentionPolicy: [
    { retentionPolicies: [{ name: 'one_week', duration: '8d' }], defaultRetentionPolicy: 'one_week' },
    { defaultRetentionPolicy: 'autogen' },
  ],
  'continuousQueries[].name': [
    { continuousQueries: [{ name: 'c', query: 'SELECT mean(v) INTO c FROM cpu GROUP BY time(1h), *' }] },
  ],
  'continuousQueries[].query': [
    { continuousQueries: [{ name: 'c', query: 'SELECT max(v) INTO c FROM cpu GROUP BY time(1h), *' }] },
  ],
  'users[].name': [{ users: [{ name: 'reader', access: 'Read' }] }, { users: [] }],
  'users[].access': [{ users: [{ name: 'reader', access: 'Write' }] }],
  'backups.storeRef.name': [{ backups: { storeRef: { name: 'nightly' } } }],
  'backups.schedule.mode': [{ backups: { storeRef: { name: 'nightly' }, schedule: { mode: 'Disabled' } } }],
  'backups.schedule.hour': [{ backups: { storeRef: { name: 'nightly' }, schedule: { hour: 3 } } }],
  'backups.verify': [{ backups: { storeRef: { name: 'nightly' }, verify: 'Never' } }, { backups: null }],
  'backups.quota': [{ backups: { storeRef: { name: 'nightly' }, quota: 'Rolling' } }],

  // It may only be there from the beginning: see AT_CREATION.
  'restoreFrom.backupRef.name': [],
  'maintenanceWindow.weekday': [{ maintenanceWindow: { weekday: 'Sunday' } }],
  'maintenanceWindow.startHour': [{ maintenanceWindow: { startHour: 3 } }],
  'maintenanceWindow.durationHours': [{ maintenanceWindow: { durationHours: 2 } }],
  'storage.autoGrow': [{ storage: { autoGrow: 'Enabled' } }, { storage: { autoGrow: 'Disabled' } }],
  'placement.nodeSelector': [{ placement: { nodeSelector: { 'kubernetes.io/os': 'linux' } } }],
  'placement.tolerations[]': [
    {
      placement: {
        tolerations: [
          { key: 'db', operator: 'Equal', value: 'x', effect: 'NoExecute', tolerationSeconds: 9 },
        ],
      },
    },
  ],
  'placement.affinity.nodeAffinity': [
    {
      placement: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ ...expression, operator: 'Exists', values: null }] },
              ],
            },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [expression] } },
            ],
          },
        },
      },
    },
  ],
  'placement.affinity.podAffinity': [
    { placement: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } },
  ],
  'placement.affinity.podAntiAffinity': [
    {
      placement: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
          },
        },
      },
    },
  ],
  'placement.priorityClassName': [{ placement: { priorityClassName: 'system-cluster-critical' } }],
  'placement.podLabels': [{ placement: { podLabels: { team: 'shop' } } }],
  'placement.podAnnotations': [
    { placement: { podAnnotations: { 'example.com/x': 'y' } } },
    { placement: null },
  ],
  deletionPolicy: [{ deletionPolicy: 'Delete' }, { deletionPolicy: 'Retain' }],
  deletionProtection: [{ deletionProtection: 'Enabled' }, { deletionProtection: 'Disabled' }],
};

/** Leaves that can only be given with a new addon: no edit of them is valid. */
export const AT_CREATION: readonly string[] = ['restoreFrom.backupRef.name'];

/** The line that covers a leaf: its own, or the longest of what it is part of. */
export function coverOf(path: string): string | undefined {
  return Object.keys(changes)
    .filter((key) => path === key || path.startsWith(`${key}.`))
    .toSorted((a, b) => b.length - a.length)[0];
}

export function allChanges(): Change[] {
  return Object.entries(changes).flatMap(([field, specs]) => specs.map((spec) => ({ field, spec })));
}
