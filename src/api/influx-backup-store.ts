import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import type { CustomKind } from './crd/custom-kind.ts';
import { CATEGORY } from './group.ts';
import { condition, observedGeneration } from './schema/condition.ts';
import { doc, listBy, setOf } from './schema/doc.ts';
import { anyText, instant, nameRef, objectName, text } from './schema/text.ts';

export type InfluxBackupStoreSpec = z.infer<typeof storeSpec>;
export type InfluxBackupStoreStatus = z.infer<typeof storeStatus>;

/** Where backups of a namespace are kept. */
export interface InfluxBackupStore {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxBackupStoreSpec;
  status?: InfluxBackupStoreStatus;
}

const s3 = doc(
  z.strictObject({
    endpoint: text({
      pattern:
        /^https?:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?\/?$|^https?:\/\/\[[0-9a-fA-F:]+\](:[0-9]{1,5})?\/?$/,
      max: 253,
      message:
        'spec.s3.endpoint must be a URL such as https://s3.example.com or https://s3.example.com:9000, without credentials or a path',
      description: 'URL of the server, without credentials or a path.',
    }),
    bucket: text({
      pattern: /^[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$/,
      max: 63,
      message: 'spec.s3.bucket must be the name of a bucket: lower case letters, digits, "-" and "."',
      description: 'Name of the bucket. Immutable: backups are found by it.',
    }),
    prefix: text({
      pattern: /^([A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)?$/,
      max: 253,
      message:
        'spec.s3.prefix must be names of letters, digits, "-", "_" and "." with "/" between them, and none that begins with "."',
      description: 'Below which everything is kept; default none. Immutable: backups are found by it.',
    }).exactOptional(),
    region: text({
      pattern: /^[a-zA-Z0-9_-]*$/,
      max: 63,
      message: 'spec.s3.region must be the name of a region, such as eu-west-1',
      description: 'Region of the bucket; default us-east-1.',
    }).exactOptional(),
    credentialsRef: nameRef(
      'The Secret with the credentials, in its entries AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one).',
    ),
    caRef: nameRef(
      'The Secret with the authority of the server, in its entry ca.crt; default: the public ones.',
    ).exactOptional(),
    allowClusterInternal: doc(
      z.boolean(),
      'Whether the endpoint may be inside the cluster or a private network; default false.',
    ).exactOptional(),
  }),
  'A bucket of a server that speaks S3.',
);

const storeSpec = doc(
  z.strictObject({
    s3: s3.exactOptional(),
    pvc: doc(
      z.strictObject({ claimName: objectName('Name of the PersistentVolumeClaim.') }),
      'A volume of the same namespace. Immutable: backups are found by it.',
    ).exactOptional(),
    encryption: doc(
      z.strictObject({
        recipients: setOf(
          text({
            pattern: /^age1[02-9ac-hj-np-z]{58}$/,
            max: 62,
            message:
              'spec.encryption.recipients must be public keys of age, as age-keygen prints them: age1...',
            description: 'A public key of age.',
          }),
          16,
          'Public keys of age. Whoever has the private key of one of them can read the backups, and nobody else.',
        ),
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
          'The Secret with the private key; only where restores and drills should run unattended.',
        ).exactOptional(),
      }),
      'How backups are encrypted before they leave the cluster; absent: they are not.',
      {
        rule: 'size(self.recipients) > 0',
        message: 'spec.encryption.recipients must name at least one public key of age',
      },
    ).exactOptional(),
  }),
  'Where backups are kept, and how.',
  {
    rule: 'has(self.s3) != has(self.pvc)',
    message: 'spec must have exactly one of s3 and pvc',
  },
  {
    rule: 'has(self.s3) == has(oldSelf.s3) && (!has(self.s3) || (self.s3.bucket == oldSelf.s3.bucket && has(self.s3.prefix) == has(oldSelf.s3.prefix) && (!has(self.s3.prefix) || self.s3.prefix == oldSelf.s3.prefix)))',
    message: 'spec.s3.bucket and spec.s3.prefix are immutable: backups are found by them; make another store',
  },
  {
    rule: 'has(self.pvc) == has(oldSelf.pvc) && (!has(self.pvc) || self.pvc == oldSelf.pvc)',
    message: 'spec.pvc is immutable: backups are found by it; make another store',
  },
);

const storeStatus = doc(
  z.strictObject({
    observedGeneration,
    location: anyText(512, 'Where backups are kept, without credentials.').optional(),
    checkedAt: instant('When the store answered last.').optional(),
    checkedFor: anyText(64, 'Hash of the spec and the Secrets it was checked for.').optional(),
    attempts: doc(z.int().min(0), 'Attempts in a row that came to nothing.').optional(),
    retryAt: instant('When it is tried again.').optional(),
    job: anyText(63, 'The Job that works on it.').optional(),
    listing: doc(
      z.strictObject({
        token: anyText(253, 'The value of influxaddon.dev/list that is being handled.'),
        after: anyText(1024, 'How far the listing is.').optional(),
        found: doc(z.int().min(0), 'Backups that were found so far.'),
      }),
      'The listing on request that is under way.',
    ).optional(),
    listed: doc(
      z.strictObject({
        token: anyText(253, 'The value of influxaddon.dev/list that was handled.'),
        at: instant('When the store was listed.'),
        found: doc(z.int().min(0), 'Backups of this namespace that are in the store.'),
      }),
      'The last listing on request.',
    ).optional(),
    conditions: listBy(['type'], condition, 16, 'What is true of the store.').optional(),
  }),
  'What is.',
).meta({ default: { observedGeneration: -1 } });

export const influxBackupStoreKind = {
  kind: 'InfluxBackupStore',
  plural: 'influxbackupstores',
  singular: 'influxbackupstore',
  shortNames: ['ibs'],
  categories: [CATEGORY],
  namespaced: true,
  schema: doc(
    z.strictObject({ spec: storeSpec, status: storeStatus.optional() }),
    'An InfluxBackupStore is a place where backups of the databases of its namespace are kept.',
  ),
  statusSubresource: true,
  columns: [
    { name: 'Location', type: 'string', jsonPath: '.status.location' },
    { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
    { name: 'Checked', type: 'date', jsonPath: '.status.checkedAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomKind;
