import { internetAccess, access, tls } from './addon-access.ts';
import { identifier, retentionPolicy, continuousQuery, user } from './addon-contents.ts';
import { z } from 'zod';
import { doc, listByName, setOf } from './doc.ts';
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
      'What the database is filled with when it is created. It cannot be changed; once the database has answered it may be removed.',
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
    rule: '!has(self.restoreFrom) || (has(oldSelf.restoreFrom) && self.restoreFrom == oldSelf.restoreFrom)',
    message:
      'spec.restoreFrom cannot be changed after creation: make a new addon, or an InfluxRestore into this one',
  },
);
