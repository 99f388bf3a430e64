import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import { CATEGORY } from './group.ts';
import type { CustomKind } from './crd/custom-kind.ts';
import { addonSpec } from './schema/addon-spec.ts';
import { addonStatus } from './schema/addon-status.ts';
import { doc } from './schema/doc.ts';

export type InfluxAddonSpec = z.infer<typeof addonSpec>;
export type InfluxAddonStatus = z.infer<typeof addonStatus>;
export type AppStatus = NonNullable<InfluxAddonStatus['apps']>[number];
export type AddonCondition = NonNullable<InfluxAddonStatus['conditions']>[number];

/** A private, authenticated InfluxDB for the applications of a namespace. */
export interface InfluxAddon {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxAddonSpec;
  status?: InfluxAddonStatus;
}

/** The longest child name, `<name>-influx-…`, and the labels made of it have to fit into 63 characters. */
export const MAX_ADDON_NAME = 40;

export const influxAddonKind = {
  kind: 'InfluxAddon',
  plural: 'influxaddons',
  singular: 'influxaddon',
  shortNames: ['ia'],
  categories: [CATEGORY],
  namespaced: true,
  schema: doc(
    z.strictObject({ spec: addonSpec, status: addonStatus.optional() }),
    'An InfluxAddon is a private, authenticated InfluxDB for the applications of its namespace.',
    {
      rule: `size(self.metadata.name) <= ${MAX_ADDON_NAME} && self.metadata.name.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
      message: `metadata.name must be at most ${MAX_ADDON_NAME} characters: lower case letters, digits and "-", beginning with a letter, ending with a letter or digit`,
    },
    {
      rule: "!has(self.spec.tls) || !has(self.spec.tls.certificateRef) || !(self.spec.tls.certificateRef.name in ['', '-admin', '-agent', '-binding', '-tls'].map(part, self.metadata.name + '-influx' + part))",
      message:
        'spec.tls.certificateRef must name a Secret of your own, none of those that the operator makes for the addon (<name>-influx-tls and its like)',
    },
    {
      // Its name is put together once, and not for each app: the API server estimates what a rule costs at worst.
      rule: "!has(self.spec.apps) || [self.metadata.name + '-influx'].all(own, self.spec.apps.all(app, !has(app.kind) || app.kind != 'StatefulSet' || app.name != own))",
      message:
        "spec.apps must not name the StatefulSet <name>-influx: it is the addon's own database, and no app of it",
    },
    {
      // Before, the volume is being filled, or half filled: an empty database would be started on what is on it.
      rule: '!has(oldSelf.spec.restoreFrom) || has(self.spec.restoreFrom) || (has(self.status) && has(self.status.dataPlane) && has(self.status.dataPlane.revision))',
      message:
        'spec.restoreFrom may only be removed once the database has answered: until then delete the addon, and make one without it',
    },
  ),
  statusSubresource: true,
  columns: [
    { name: 'Plan', type: 'string', jsonPath: '.spec.plan' },
    { name: 'Version', type: 'string', jsonPath: '.status.version' },
    { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
    { name: 'URL Secret', type: 'string', jsonPath: '.status.urlSecret' },
    { name: 'Apps', type: 'string', jsonPath: '.status.appsReady' },
    { name: 'Last Backup', type: 'date', jsonPath: '.status.backups.last.time' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'ID', type: 'string', jsonPath: '.status.id', priority: 1 },
    { name: 'TLS', type: 'string', jsonPath: '.spec.tls.mode', priority: 1 },
    { name: 'Storage', type: 'string', jsonPath: '.status.storage.actual', priority: 1 },
    { name: 'Window', type: 'string', jsonPath: '.status.maintenance.window', priority: 1 },
  ],
} as const satisfies CustomKind;
