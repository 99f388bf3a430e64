import type { InfluxAddonSpec, InfluxAddonStatus } from '../../src/api/influx-addon.ts';

/** Specs that are accepted, beside a plan, by what is special about them. */
export function validSpecs(): Record<string, Partial<InfluxAddonSpec>> {
  const selector = {
    matchLabels: { app: 'grafana' },
    matchExpressions: [{ key: 'a', operator: 'Exists' as const }],
  };
  return {
    'nothing but a plan': {},
    'every field at once': {
      version: '1.8.10',
      state: 'Stopped',
      apps: [
        { name: 'web', env: 'Inject', containers: ['web', 'sidecar'] },
        { kind: 'StatefulSet', name: 'worker', env: 'FromSecret' },
        { kind: 'DaemonSet', name: 'agent.v2' },
      ],
      connection: { prefix: 'METRICS', alias: '' },
      tls: { mode: 'Required', certificateRef: { name: 'my-cert' } },
      internetAccess: {
        mode: 'LoadBalancer',
        allowedCIDRs: ['203.0.113.0/24', '2001:db8::/32'],
        hostnames: ['influx.example.com'],
        serviceAnnotations: { 'example.com/lb': 'internal' },
      },
      access: { policy: 'Bound', from: [{ podSelector: selector }] },
      retentionPolicies: [
        { name: 'one_week', duration: '7d', shardDuration: '1d' },
        { name: 'ever', duration: 'INF' },
      ],
      defaultRetentionPolicy: 'one_week',
      continuousQueries: [
        { name: 'cpu_1h', query: 'SELECT mean(v) INTO cpu_1h FROM cpu\nGROUP BY time(1h), *' },
      ],
      users: [{ name: 'reader', access: 'Read' }],
      backups: { storeRef: { name: 'nightly' }, schedule: { mode: 'Enabled', hour: 23 }, verify: 'Weekly' },
      restoreFrom: { backupRef: { name: 'yesterday' } },
      maintenanceWindow: { weekday: 'Tuesday', startHour: 21, durationHours: 8 },
      storage: { autoGrow: 'Enabled' },
      placement: {
        nodeSelector: { disk: 'ssd' },
        tolerations: [
          { key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoExecute', tolerationSeconds: 60 },
        ],
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
            },
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: selector } },
            ],
          },
        },
        priorityClassName: '',
        podLabels: { team: 'shop' },
        podAnnotations: { 'example.com/scrape': 'true' },
      },
      deletionPolicy: 'Backup',
      deletionProtection: 'Enabled',
    },
    'a minor version': { version: '1.8' },
    'a prefix that is the default alias, once that is gone': { connection: { prefix: 'INFLUX', alias: '' } },
    'autogen as default without retention policies': { defaultRetentionPolicy: 'autogen' },
    'shards as long as the retention, in other units': {
      retentionPolicies: [{ name: 'p', duration: '1w', shardDuration: '6d23h59m60s' }],
    },
    'shards of any length under an endless retention': {
      retentionPolicies: [{ name: 'p', duration: 'INF', shardDuration: '52w' }],
    },
    'a duration in several units': { retentionPolicies: [{ name: 'p', duration: '1w2d3h4m5s' }] },
    'a duration as the engine shows it': { retentionPolicies: [{ name: 'p', duration: '168h0m0s' }] },
    'a duration in minutes or seconds alone': {
      retentionPolicies: [
        { name: 'minutes', duration: '90m', shardDuration: '60m' },
        { name: 'seconds', duration: '3600s', shardDuration: '3600s' },
        { name: 'both', duration: '59m60s' },
      ],
    },
    'a duration of zero, which the engine takes for endless': {
      retentionPolicies: [
        { name: 'seconds', duration: '0s', shardDuration: '52w' },
        { name: 'shown', duration: '0h0m0s' },
      ],
    },
    'internet access switched off, its ranges kept': {
      internetAccess: { mode: 'Disabled', allowedCIDRs: ['10.0.0.0/8'] },
    },
    '50 continuous queries of 4 KiB': {
      continuousQueries: Array.from({ length: 50 }, (_, n) => ({
        name: `cq_${n}`,
        query: `SELECT mean(v) INTO x FROM ${'y'.repeat(4000)} GROUP BY time(1h)`,
      })),
    },
  };
}

/** What is wrong, the spec beside a plan, and what the API server says to the user. */
export function invalidSpecs(): [string, unknown, string][] {
  return [
    ['a version that is none', { version: 'latest' }, 'spec.version must be a minor such as "1.8"'],
    ['a bare major', { version: '1' }, 'spec.version must be a minor such as "1.8"'],
    [
      'a version that YAML took for a number',
      { version: 1.8 },
      'spec.version in body must be of type string',
    ],
    ['a plan name that no object can have', { plan: 'One Gig' }, 'must be an object name'],
    [
      'two apps of one name',
      { apps: [{ name: 'web' }, { kind: 'DaemonSet', name: 'web' }] },
      'spec.apps[1]: Duplicate value: {"name":"web"}',
    ],
    [
      'containers without Inject',
      { apps: [{ name: 'web', containers: ['web'] }] },
      'containers is only allowed with env: Inject',
    ],
    [
      'a kind of app that is not restarted',
      { apps: [{ kind: 'CronJob', name: 'web' }] },
      'supported values: "Deployment", "StatefulSet", "DaemonSet"',
    ],
    [
      'a prefix in small letters',
      { connection: { prefix: 'influx' } },
      'spec.connection.prefix must be capital letters',
    ],
    [
      'a prefix that begins with a digit',
      { connection: { prefix: '1X' } },
      'spec.connection.prefix must be capital letters',
    ],
    [
      'an alias equal to the prefix',
      { connection: { prefix: 'A', alias: 'A' } },
      'spec.connection.alias (default INFLUX) must differ',
    ],
    ['a prefix equal to the default alias', { connection: { prefix: 'INFLUX' } }, '"" means no alias'],
    [
      'internet access without TLS',
      { internetAccess: { mode: 'NodePort', allowedCIDRs: ['0.0.0.0/0'] } },
      'needs spec.tls.mode: Required',
    ],
    [
      'internet access for nobody',
      { tls: { mode: 'Required' }, internetAccess: { mode: 'NodePort', allowedCIDRs: [] } },
      'spec.internetAccess.allowedCIDRs must list who may connect',
    ],
    [
      'an address for a range',
      { internetAccess: { allowedCIDRs: ['203.0.113.7'] } },
      'write ranges in CIDR notation',
    ],
    [
      'a range with something behind its prefix',
      { internetAccess: { allowedCIDRs: ['203.0.113.7/24'] } },
      'with nothing behind the prefix',
    ],
    [
      'an annotation of the operator on the external Service',
      { internetAccess: { serviceAnnotations: { 'restarted-for.influxaddon.dev/x': '1' } } },
      'spec.internetAccess.serviceAnnotations: keys of influxaddon.dev/',
    ],
    [
      'another list of who may connect',
      {
        internetAccess: {
          serviceAnnotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': '0.0.0.0/0' },
        },
      },
      'spec.internetAccess.allowedCIDRs only',
    ],
    [
      'pod selectors that would be ignored',
      { access: { from: [{ podSelector: {} }] } },
      'spec.access.from is only allowed with spec.access.policy: Bound',
    ],
    [
      'a retention policy of less than an hour',
      { retentionPolicies: [{ name: 'p', duration: '30m' }] },
      'must be at least one hour',
    ],
    [
      'a retention policy of a second less than an hour',
      { retentionPolicies: [{ name: 'p', duration: '59m59s' }] },
      'must be at least one hour',
    ],
    [
      'a retention policy of no length',
      { retentionPolicies: [{ name: 'p', duration: '' }] },
      'must be at least one hour',
    ],
    [
      'shards of zero',
      { retentionPolicies: [{ name: 'p', duration: '1d', shardDuration: '0s' }] },
      'must be at least one hour',
    ],
    [
      'shards longer than the retention',
      { retentionPolicies: [{ name: 'p', duration: '1d12h', shardDuration: '37h' }] },
      'spec.retentionPolicies: shardDuration must not be longer than duration',
    ],
    [
      'a retention beyond what the engine can count',
      { retentionPolicies: [{ name: 'p', duration: '15000w1s' }] },
      'spec.retentionPolicies: duration must be at most 15000 weeks, or INF',
    ],
    [
      'a continuous query with a statement behind it',
      {
        continuousQueries: [
          { name: 'c', query: 'SELECT mean(v) INTO b FROM a GROUP BY time(1h); DROP SERIES FROM a' },
        ],
      },
      'without ";" anywhere',
    ],
    ['a retention policy in words', { retentionPolicies: [{ name: 'p', duration: 'a week' }] }, 'such as 7d'],
    [
      'a shard group without end',
      { retentionPolicies: [{ name: 'p', duration: '7d', shardDuration: 'INF' }] },
      'such as 1d or 12h',
    ],
    [
      'a retention policy with a quote in its name',
      { retentionPolicies: [{ name: 'p"', duration: '7d' }] },
      'spec.retentionPolicies: name must be letters',
    ],
    [
      'two retention policies of one name',
      {
        retentionPolicies: [
          { name: 'p', duration: '7d' },
          { name: 'p', duration: '8d' },
        ],
      },
      'spec.retentionPolicies[1]: Duplicate value',
    ],
    [
      'a default retention policy that is not listed',
      { defaultRetentionPolicy: 'p' },
      'spec.defaultRetentionPolicy must be autogen or the name of one of spec.retentionPolicies',
    ],
    [
      'a continuous query that drops',
      { continuousQueries: [{ name: 'c', query: 'DROP DATABASE x' }] },
      'must be one SELECT',
    ],
    [
      'a user in capital letters',
      { users: [{ name: 'Reader', access: 'Read' }] },
      'spec.users: name must be lower case',
    ],
    ['a user called admin', { users: [{ name: 'admin', access: 'All' }] }, 'and not admin'],
    [
      'a user who may do what does not exist',
      { users: [{ name: 'reader', access: 'Admin' }] },
      'supported values: "Read", "Write", "All"',
    ],
    [
      'a backup at 24:00',
      { backups: { storeRef: { name: 's' }, schedule: { hour: 24 } } },
      'less than or equal to 23',
    ],
    ['backups without a store', { backups: {} }, 'spec.backups.storeRef: Required value'],
    [
      'a last backup without a store',
      { deletionPolicy: 'Backup' },
      'spec.deletionPolicy: Backup needs a store',
    ],
    ['a window of no length', { maintenanceWindow: { durationHours: 0 } }, 'greater than or equal to 1'],
    ['a window on no weekday', { maintenanceWindow: { weekday: 'Someday' } }, 'supported values: "Monday"'],
    [
      'labels that belong to the operator',
      { placement: { podLabels: { 'app.kubernetes.io/name': 'x' } } },
      'belong to the operator',
    ],
    ['a label value that is none', { placement: { nodeSelector: { disk: 'a b' } } }, 'must be a label value'],
    [
      'annotations that belong to the operator',
      { placement: { podAnnotations: { 'influxaddon.dev/x': 'y' } } },
      'belong to the operator',
    ],
    [
      '65 apps',
      { apps: Array.from({ length: 65 }, (_, n) => ({ name: `app-${n}` })) },
      'must have at most 64 items',
    ],
  ];
}

/** A status with every field that there is. */
export function wholeStatus(): InfluxAddonStatus {
  const at = '2026-01-02T03:04:05Z';
  return {
    observedGeneration: 1,
    id: 'my_app_3707',
    plan: '1g',
    version: '1.8.10',
    state: 'Running',
    availableUpgrades: ['1.8.11'],
    endpoint: 'http://my-app-influx.default.svc.cluster.local:8086',
    externalEndpoint: 'https://influx.example.com:8086',
    urlSecret: 'my-app-influx',
    adminSecret: 'my-app-influx-admin',
    tlsSecret: 'my-app-influx-tls',
    binding: { name: 'my-app-influx-binding' },
    apps: [
      { kind: 'Deployment', name: 'web', revision: 'abc', restartedAt: at },
      { kind: 'DaemonSet', name: 'web', revision: 'abc', restartedAt: at },
    ],
    appsReady: '2/2',
    storage: { className: 'fast', requested: '20Gi', actual: '20Gi' },
    certificate: { notAfter: at, caNotAfter: at },
    backups: { last: { name: 'b', time: at }, next: at, lastVerified: { name: 'a', time: at } },
    maintenance: { window: 'Tuesday 21:00-05:00', next: at, pending: [{ what: 'Patch 1.8.11', since: at }] },
    lastHandled: { rotate: '1', maintainNow: '2' },
    dataPlane: { revision: 'abc', verifiedAt: at },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: '',
        lastTransitionTime: at,
        observedGeneration: 1,
      },
    ],
  };
}
