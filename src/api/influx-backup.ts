import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import type { CustomKind } from './crd/custom-kind.ts';
import { CATEGORY } from './group.ts';
import { condition, observedGeneration } from './schema/condition.ts';
import { doc, listBy, setOf } from './schema/doc.ts';
import { anyText, instant, nameRef } from './schema/text.ts';

export type InfluxBackupSpec = z.infer<typeof backupSpec>;
export type InfluxBackupStatus = z.infer<typeof backupStatus>;
export type BackupKind = NonNullable<InfluxBackupSpec['kind']>;

/** One backup of a database. It has no owner: it outlives its addon. */
export interface InfluxBackup {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxBackupSpec;
  status?: InfluxBackupStatus;
}

const backupSpec = doc(
  z.strictObject({
    addonRef: nameRef('The InfluxAddon whose database is backed up.'),
    kind: doc(
      z.enum(['Manual', 'Scheduled', 'BeforeUpgrade', 'Final']),
      'Manual (default): yours. The operator makes the others itself: daily, before an upgrade, and before a deletion.',
    ).exactOptional(),
    deletionPolicy: doc(
      z.enum(['Retain', 'Delete']),
      'What becomes of the objects in the store when this object is deleted: Retain (default) | Delete.',
    ).exactOptional(),
  }),
  'What is backed up, once.',
  {
    rule: 'self.addonRef == oldSelf.addonRef',
    message: 'spec.addonRef is immutable: a backup is taken once; make another one',
  },
  {
    rule: "(has(self.kind) ? self.kind : 'Manual') == (has(oldSelf.kind) ? oldSelf.kind : 'Manual')",
    message: 'spec.kind is immutable: only spec.deletionPolicy may change',
  },
);

const bytes = (description: string) => doc(z.int().min(0), description).optional();

const backupStatus = doc(
  z.strictObject({
    observedGeneration,
    addon: doc(
      z.strictObject({
        name: anyText(253, 'Name of the InfluxAddon.'),
        id: anyText(64, 'Name of the database.'),
        uid: anyText(64, 'UID of the InfluxAddon.').optional(),
        plan: anyText(253, 'Its plan.').optional(),
        class: anyText(16, 'The class of the plan.').optional(),
        version: anyText(16, 'Version of the engine.').optional(),
      }),
      'What was backed up.',
    ).optional(),
    store: doc(
      z.strictObject({
        name: anyText(253, 'The InfluxBackupStore.'),
        location: anyText(1024, 'Where the objects are, without credentials.').optional(),
      }),
      'Where it is.',
    ).optional(),
    location: doc(
      z.strictObject({
        cluster: anyText(63, 'The cluster that took it.'),
        namespace: anyText(63, 'The namespace it was taken in.'),
        addonId: anyText(63, 'Name of the database.'),
        uid: anyText(64, 'UID of the InfluxBackup that it was taken for.'),
      }),
      'What its objects in the store are called by.',
    ).optional(),
    source: anyText(
      1024,
      'The object in the store that it stands for, when somebody else put it there.',
    ).optional(),
    sourceSecret: anyText(
      253,
      'The Secret with the URL of the running database that it stands for.',
    ).optional(),
    startedAt: instant('When it was begun.').optional(),
    completedAt: instant('When it was found whole in the store.').optional(),
    failedAt: instant('When it was given up.').optional(),
    retryAt: instant('When it is tried again.').optional(),
    attempts: doc(z.int().min(0), 'Attempts so far.').optional(),
    job: anyText(63, 'The Job that works on it.').optional(),
    size: anyText(20, 'Bytes in the store, for people.').optional(),
    bytes: bytes('Bytes in the store.'),
    rawBytes: bytes('Bytes of what the engine gave.'),
    points: bytes('Points that were counted.'),
    sha256: anyText(64, 'Checksum of what is in the store.').optional(),
    manifestSha256: anyText(64, 'Checksum of the manifest, which was written last.').optional(),
    verified: anyText(
      16,
      'Counts: the points were counted | Sizes: counting was too dear, sizes and checksums were compared.',
    ).optional(),
    encrypted: doc(z.boolean(), 'Whether it is encrypted, of one that was found in a store.').optional(),
    recipients: setOf(anyText(128, 'A public key of age.'), 16, 'Who can decrypt it.').optional(),
    restorable: doc(
      z.strictObject({
        at: instant('When it was restored for a test.'),
        points: bytes('Points that were found.'),
      }),
      'The last drill with this backup.',
    ).optional(),
    drill: doc(
      z.strictObject({
        attempts: doc(z.int().min(0), 'Attempts so far.'),
        retryAt: instant('When it is tried again.').optional(),
        failedAt: instant('When it was given up.').optional(),
        reason: anyText(64, 'Why it came to nothing, in one word.').optional(),
        message: anyText(1024, 'Why it came to nothing.').optional(),
      }),
      'A drill that is under way or came to nothing.',
    ).optional(),
    expiry: anyText(253, 'Why and when it is deleted, once that is known.').optional(),
    expiresAt: instant('When it is deleted.').optional(),
    expiredAt: instant('When its deletion was decided.').optional(),
    conditions: listBy(['type'], condition, 16, 'What is true of the backup.').optional(),
  }),
  'What is.',
).meta({ default: { observedGeneration: -1 } });

export const influxBackupKind = {
  kind: 'InfluxBackup',
  plural: 'influxbackups',
  singular: 'influxbackup',
  shortNames: ['ib'],
  categories: [CATEGORY],
  namespaced: true,
  schema: doc(
    z.strictObject({ spec: backupSpec, status: backupStatus.optional() }),
    'An InfluxBackup is one backup of the database of an InfluxAddon, taken once. It outlives the addon.',
  ),
  statusSubresource: true,
  columns: [
    { name: 'Addon', type: 'string', jsonPath: '.spec.addonRef.name' },
    { name: 'Kind', type: 'string', jsonPath: '.spec.kind' },
    { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
    { name: 'Size', type: 'string', jsonPath: '.status.size' },
    { name: 'Verified', type: 'string', jsonPath: '.status.verified' },
    { name: 'Completed', type: 'date', jsonPath: '.status.completedAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Store', type: 'string', jsonPath: '.status.store.name', priority: 1 },
    { name: 'Version', type: 'string', jsonPath: '.status.addon.version', priority: 1 },
    { name: 'Expires', type: 'string', jsonPath: '.status.expiry', priority: 1 },
  ],
} as const satisfies CustomKind;
