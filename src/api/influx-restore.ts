import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import type { CustomKind } from './crd/custom-kind.ts';
import { CATEGORY } from './group.ts';
import { condition, observedGeneration } from './schema/condition.ts';
import { doc, listBy } from './schema/doc.ts';
import { anyText, instant, nameRef, objectName, text } from './schema/text.ts';

export type InfluxRestoreSpec = z.infer<typeof restoreSpec>;
export type InfluxRestoreStatus = z.infer<typeof restoreStatus>;

/** A restore of a backup into an addon that exists; it runs once. */
export interface InfluxRestore {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxRestoreSpec;
  status?: InfluxRestoreStatus;
}

const restoreSpec = doc(
  z.strictObject({
    backupRef: nameRef('The InfluxBackup.'),
    addonRef: nameRef('The InfluxAddon whose data is replaced.'),
    overwrite: text({
      pattern: /^[a-z][a-z0-9_]*_[0-9]+$/,
      max: 64,
      message: 'spec.overwrite must be status.id of the addon, such as my_app_3707',
      description: 'status.id of the addon whose data is replaced, as a confirmation.',
    }),
    identityRef: doc(
      z.strictObject({
        name: objectName('Name of the Secret.'),
        key: text({
          pattern: /^[-._a-zA-Z0-9]+$/,
          max: 253,
          message: 'must be an entry of a Secret: letters, digits, "-", "_" and "."',
          description: 'The entry of the Secret.',
        }),
      }),
      'The Secret with the private key of age; default: that of the store.',
    ).exactOptional(),
  }),
  'What is restored into what, once.',
  { rule: 'self == oldSelf', message: 'spec is immutable: a restore runs once; make another one' },
);

const restoreStatus = doc(
  z.strictObject({
    observedGeneration,
    startedAt: instant('When it was begun.').optional(),
    restoredAt: instant('When the data was found whole on the new volume.').optional(),
    completedAt: instant('When the addon ran with the restored data.').optional(),
    failedAt: instant('When it was given up.').optional(),
    retryAt: instant('When it is tried again.').optional(),
    attempts: doc(z.int().min(0), 'Attempts so far.').optional(),
    job: anyText(63, 'The Job that works on it.').optional(),
    points: doc(z.int().min(0), 'Points that were found on the new volume.').optional(),
    claim: anyText(253, 'The volume claim with the restored data.').optional(),
    previousClaim: anyText(
      253,
      'The volume claim with the data of before; it goes 24 hours later, or with this object.',
    ).optional(),
    conditions: listBy(['type'], condition, 16, 'What is true of the restore.').optional(),
  }),
  'What is.',
).meta({ default: { observedGeneration: -1 } });

export const influxRestoreKind = {
  kind: 'InfluxRestore',
  plural: 'influxrestores',
  singular: 'influxrestore',
  shortNames: ['ir'],
  categories: [CATEGORY],
  namespaced: true,
  schema: doc(
    z.strictObject({ spec: restoreSpec, status: restoreStatus.optional() }),
    'An InfluxRestore replaces the data of an InfluxAddon by that of an InfluxBackup, once.',
  ),
  statusSubresource: true,
  columns: [
    { name: 'Addon', type: 'string', jsonPath: '.spec.addonRef.name' },
    { name: 'Backup', type: 'string', jsonPath: '.spec.backupRef.name' },
    { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Claim', type: 'string', jsonPath: '.status.claim', priority: 1 },
    { name: 'Previous claim', type: 'string', jsonPath: '.status.previousClaim', priority: 1 },
  ],
} as const satisfies CustomKind;
