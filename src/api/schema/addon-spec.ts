import { z } from 'zod';
import { atomicList, doc, listByName, setOf } from './doc.ts';
import { MAX_DURATION_SECONDS, retentionDuration, secondsInCel, shardDuration } from './duration.ts';
import { annotations, labelSelector } from './label-selector.ts';
import { placement } from './placement.ts';
import { label, nameRef, objectName, text } from './text.ts';

// Shapes of the fields of an InfluxAddon's spec; the whole is put together at the end of the file. Nothing has a
// default in the schema: a tool that compares what it applied with what is there would see a difference for ever.
// The defaults are in ../addon-defaults.ts.

const app = doc(
  z.strictObject({
    kind: doc(
      z.enum(['Deployment', 'StatefulSet', 'DaemonSet']),
      'Kind of the workload; default Deployment.',
    ).exactOptional(),
    name: objectName('Name of the workload, in the same namespace.'),
    env: doc(
      z.enum(['FromSecret', 'Inject']),
      'FromSecret (default): the workload refers to the Secret itself. Inject: the operator adds the variables.',
    ).exactOptional(),
    containers: setOf(
      label(63, 'Name of a container or init container.'),
      32,
      'Inject only: the containers that get the variables; default all containers and init containers.',
    ).exactOptional(),
  }),
  'A workload that uses the database.',
  {
    rule: "!has(self.containers) || (has(self.env) && self.env == 'Inject')",
    message: 'spec.apps: containers is only allowed with env: Inject',
  },
);

const VARIABLE = '[A-Z][A-Z0-9_]*';

const connection = doc(
  z.strictObject({
    prefix: text({
      pattern: new RegExp(`^${VARIABLE}$`),
      max: 60,
      message: 'spec.connection.prefix must be capital letters, digits and "_", beginning with a letter',
      description: 'The variable is called <prefix>_URL; default SCALINGO_INFLUX.',
    }).exactOptional(),
    alias: text({
      pattern: new RegExp(`^(${VARIABLE})?$`),
      max: 60,
      message:
        'spec.connection.alias must be capital letters, digits and "_", beginning with a letter, or "" for none',
      description: 'A second variable <alias>_URL with the same value; default INFLUX, "" for none.',
    }).exactOptional(),
  }),
  'Names of the variables that hold the connection URL.',
  {
    rule: "(has(self.prefix) ? self.prefix : 'SCALINGO_INFLUX') != (has(self.alias) ? self.alias : 'INFLUX')",
    message:
      'spec.connection.alias (default INFLUX) must differ from spec.connection.prefix (default SCALINGO_INFLUX); "" means no alias',
  },
);

const tls = doc(
  z.strictObject({
    mode: doc(
      z.enum(['Disabled', 'Required']),
      'Disabled (default) | Required: the database listens with TLS or without, never both.',
    ).exactOptional(),
    certificateRef: nameRef(
      'A Secret of type kubernetes.io/tls with the certificate to use instead of one of the operator.',
    ).exactOptional(),
  }),
  'TLS of the database.',
);

/** Annotations with which clouds widen a list of address ranges are refused by name; the operator leaves them out too. */
const RESERVED = [
  "k.startsWith('influxaddon.dev/')",
  "k.contains('.influxaddon.dev/')",
  "k.startsWith('kubectl.kubernetes.io/')",
  "k in ['load-balancer-source-ranges', 'azure-allowed-ip-ranges', 'azure-allowed-service-tags'].map(n, 'service.beta.kubernetes.io/' + n)",
].join(' || ');

const internetAccess = doc(
  z.strictObject({
    mode: doc(
      z.enum(['Disabled', 'LoadBalancer', 'NodePort']),
      'Disabled (default), or how the database is reached from outside the cluster.',
    ).exactOptional(),
    allowedCIDRs: setOf(
      doc(z.string().max(49), 'An address range.', {
        rule: 'isCIDR(self) && cidr(self) == cidr(self).masked()',
        message:
          'spec.internetAccess.allowedCIDRs: write ranges in CIDR notation, such as 203.0.113.0/24, with nothing behind the prefix',
      }),
      64,
      'From where connections are taken. The whole world is 0.0.0.0/0 and ::/0, and has to be written out.',
    ).exactOptional(),
    hostnames: setOf(
      objectName('A DNS name.'),
      16,
      'Further names by which the database is reached, put into its certificate.',
    ).exactOptional(),
    serviceAnnotations: doc(annotations(16, ''), 'Annotations of the external Service.', {
      rule: `self.all(k, !(${RESERVED}))`,
      message:
        'spec.internetAccess.serviceAnnotations: keys of influxaddon.dev/ and kubectl.kubernetes.io/ are not yours to set, and who may connect is said in spec.internetAccess.allowedCIDRs only',
    }).exactOptional(),
  }),
  'Access from outside the cluster; needs TLS.',
  {
    rule: "!has(self.mode) || self.mode == 'Disabled' || (has(self.allowedCIDRs) && size(self.allowedCIDRs) > 0)",
    message:
      'spec.internetAccess.allowedCIDRs must list who may connect; write 0.0.0.0/0 and ::/0 for the whole world',
  },
);

const access = doc(
  z.strictObject({
    policy: doc(
      z.enum(['Namespace', 'Bound', 'Open']),
      'Namespace (default): any pod of the namespace | Bound: the bound apps and the pods of `from` | Open: no NetworkPolicy.',
    ).exactOptional(),
    from: atomicList(
      z.strictObject({ podSelector: labelSelector('Pods of this namespace.') }),
      32,
      'Bound only: further pods that may connect.',
    ).exactOptional(),
  }),
  'Which pods may connect (NetworkPolicy).',
  {
    rule: "!has(self.from) || size(self.from) == 0 || (has(self.policy) && self.policy == 'Bound')",
    message: 'spec.access.from is only allowed with spec.access.policy: Bound',
  },
);

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const identifier = (field: string, description: string) =>
  text({
    pattern: IDENTIFIER,
    max: 63,
    message: `${field} must be letters, digits, "_" and "-", beginning with a letter or "_"`,
    description,
  });

const retentionPolicy = doc(
  z.strictObject({
    name: identifier('spec.retentionPolicies: name', 'Name of the retention policy.'),
    duration: retentionDuration('How long points are kept, such as 7d, or INF.'),
    shardDuration: shardDuration(
      'Length of a shard group; default: what the engine chooses for the duration.',
    ).exactOptional(),
  }),
  'A retention policy. One that is not listed any more is dropped.',
  {
    rule: `self.duration == 'INF' || ${secondsInCel('self.duration')} <= ${MAX_DURATION_SECONDS}`,
    message: 'spec.retentionPolicies: duration must be at most 15000 weeks, or INF',
  },
  {
    rule: `!has(self.shardDuration) || self.duration == 'INF' || ${secondsInCel('self.shardDuration')} <= ${secondsInCel('self.duration')}`,
    message: 'spec.retentionPolicies: shardDuration must not be longer than duration',
  },
);

const continuousQuery = z.strictObject({
  name: identifier('spec.continuousQueries: name', 'Name of the continuous query.'),
  query: doc(
    z.string().max(4096),
    'SELECT … INTO … GROUP BY time(…), run as the application’s user.',
    {
      rule: "self.matches(r'(?is)^\\s*SELECT\\s.+\\sINTO\\s.+\\sGROUP\\s+BY\\s')",
      message: 'spec.continuousQueries: query must be one SELECT … INTO … GROUP BY time(…) statement',
    },
    {
      rule: "!self.contains(';')",
      message:
        'spec.continuousQueries: query must be one statement without ";" anywhere, also not at its end',
    },
  ),
});

const user = z.strictObject({
  name: doc(label(40, ''), 'Name of the user; its Secret is <addon>-influx-user-<name>.', {
    rule: "self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self != 'admin'",
    message:
      'spec.users: name must be lower case letters, digits and "-", beginning and ending with a letter or digit, and not admin',
  }),
  access: doc(z.enum(['Read', 'Write', 'All']), 'What the user may do in the database of the addon.'),
});

const backups = doc(
  z.strictObject({
    storeRef: nameRef('The InfluxBackupStore.'),
    schedule: doc(
      z.strictObject({
        mode: doc(z.enum(['Enabled', 'Disabled']), 'Default Enabled.').exactOptional(),
        hour: doc(z.int().min(0).max(23), 'Hour of the day, UTC; default 0.').exactOptional(),
      }),
      'The daily backup.',
    ).exactOptional(),
    verify: doc(
      z.enum(['Never', 'Weekly']),
      'Whether backups are restored for a test; default Never.',
    ).exactOptional(),
    quota: doc(
      z.enum(['Refuse', 'Rolling']),
      'A backup by hand beyond what the class of the plan keeps: Refuse (default) | Rolling: the oldest by hand is deleted for it.',
    ).exactOptional(),
  }),
  'Where and when backups are taken.',
);

const maintenanceWindow = doc(
  z.strictObject({
    weekday: doc(
      z.enum(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']),
      'Default: drawn from the UID of the addon.',
    ).exactOptional(),
    startHour: doc(z.int().min(0).max(23), 'UTC; default 21.').exactOptional(),
    durationHours: doc(z.int().min(1).max(24), 'Length in hours; default 8.').exactOptional(),
  }),
  'When the platform may restart the database for its own reasons.',
);

export const addonSpec = doc(
  z.strictObject({
    plan: objectName('Name of the InfluxPlan.'),
    version: text({
      pattern: /^[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?$/,
      max: 16,
      message: 'spec.version must be a minor such as "1.8" or an exact version such as "1.8.10", in quotes',
      description:
        'A minor ("1.8": its patches follow in the maintenance window) or an exact version ("1.8.10"). Omitted: the default minor of the catalogue at creation, kept from then on.',
    }).exactOptional(),
    state: doc(
      z.enum(['Running', 'Stopped']),
      'Running (default) | Stopped: scaled to zero; data and Secrets stay.',
    ).exactOptional(),
    apps: listByName(app, 64, 'Workloads of the same namespace that use this database.').exactOptional(),
    connection: connection.exactOptional(),
    tls: tls.exactOptional(),
    internetAccess: internetAccess.exactOptional(),
    access: access.exactOptional(),
    retentionPolicies: listByName(retentionPolicy, 32, 'Retention policies of the database.').exactOptional(),
    defaultRetentionPolicy: identifier(
      'spec.defaultRetentionPolicy',
      'The retention policy of writes that name none; default autogen.',
    ).exactOptional(),
    continuousQueries: listByName(continuousQuery, 50, 'Continuous queries of the database.').exactOptional(),
    users: listByName(user, 50, 'Further users of the database.').exactOptional(),
    backups: backups.exactOptional(),
    restoreFrom: doc(
      z.strictObject({ backupRef: nameRef('The InfluxBackup.') }),
      'What the database is filled with when it is created. Immutable.',
    ).exactOptional(),
    maintenanceWindow: maintenanceWindow.exactOptional(),
    storage: doc(
      z.strictObject({
        autoGrow: doc(
          z.enum(['Disabled', 'Enabled']),
          'Enabled: the volume grows towards the ceiling of the plan; default Disabled.',
        ).exactOptional(),
      }),
      'The volume of the database.',
    ).exactOptional(),
    placement: placement.exactOptional(),
    deletionPolicy: doc(
      z.enum(['Retain', 'Backup', 'Delete']),
      'Retain (default): volume and credentials stay | Backup: a last backup, then delete | Delete.',
    ).exactOptional(),
    deletionProtection: doc(
      z.enum(['Disabled', 'Enabled']),
      'Enabled: deleting the addon is refused; default Disabled.',
    ).exactOptional(),
  }),
  'What is asked for.',
  {
    rule: "!has(self.internetAccess) || !has(self.internetAccess.mode) || self.internetAccess.mode == 'Disabled' || (has(self.tls) && has(self.tls.mode) && self.tls.mode == 'Required')",
    message: 'spec.internetAccess.mode other than Disabled needs spec.tls.mode: Required',
  },
  {
    rule: "!has(self.defaultRetentionPolicy) || self.defaultRetentionPolicy == 'autogen' || (has(self.retentionPolicies) && self.retentionPolicies.exists(p, p.name == self.defaultRetentionPolicy))",
    message: 'spec.defaultRetentionPolicy must be autogen or the name of one of spec.retentionPolicies',
  },
  {
    rule: "!has(self.deletionPolicy) || self.deletionPolicy != 'Backup' || has(self.backups)",
    message: 'spec.deletionPolicy: Backup needs a store in spec.backups.storeRef',
  },
  {
    rule: 'has(self.restoreFrom) == has(oldSelf.restoreFrom) && (!has(self.restoreFrom) || self.restoreFrom == oldSelf.restoreFrom)',
    message:
      'spec.restoreFrom cannot be changed after creation: make a new addon, or an InfluxRestore into this one',
  },
);
