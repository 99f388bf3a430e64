import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import type { CustomKind } from './crd/custom-kind.ts';
import { CATEGORY } from './group.ts';
import { doc } from './schema/doc.ts';
import { lifecycle } from './schema/lifecycle.ts';
import { text } from './schema/text.ts';

export type InfluxVersionSpec = z.infer<typeof versionSpec>;

/** A version of the engine that the catalogue offers; the object's name is the version. */
export interface InfluxVersion {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxVersionSpec;
}

const versionSpec = doc(
  z.strictObject({
    image: text({
      pattern: /^[a-zA-Z0-9][-a-zA-Z0-9_.:/@]*$/,
      max: 512,
      message: 'spec.image must be an image reference, such as influxdb:1.8.10',
      description: 'Image of the engine.',
    }),
    default: doc(
      z.boolean(),
      'Whether new addons that name no version get the minor of this one.',
    ).exactOptional(),
    migratesFromMajor: doc(
      z.int().min(0).max(99).nullable(),
      'The major whose data this version can take over; null for none.',
    ).exactOptional(),
    lifecycle: lifecycle.exactOptional(),
  }),
  'What the version is.',
  {
    rule: 'self.image == oldSelf.image',
    message: 'spec.image is immutable: databases run it; only spec.lifecycle and spec.default may change',
  },
  {
    rule: 'has(self.migratesFromMajor) == has(oldSelf.migratesFromMajor) && (!has(self.migratesFromMajor) || self.migratesFromMajor == oldSelf.migratesFromMajor)',
    message: 'spec.migratesFromMajor is immutable: only spec.lifecycle and spec.default may change',
  },
);

export const influxVersionKind = {
  kind: 'InfluxVersion',
  plural: 'influxversions',
  singular: 'influxversion',
  shortNames: ['iver'],
  categories: [CATEGORY],
  namespaced: false,
  schema: doc(
    z.strictObject({ spec: versionSpec }),
    'An InfluxVersion is a version of the engine in the catalogue.',
    {
      rule: "self.metadata.name.matches(r'^[0-9]{1,4}[.][0-9]{1,4}[.][0-9]{1,4}$')",
      message: 'metadata.name must be the exact version, such as 1.8.10',
    },
  ),
  statusSubresource: false,
  columns: [
    { name: 'Image', type: 'string', jsonPath: '.spec.image' },
    { name: 'Default', type: 'boolean', jsonPath: '.spec.default' },
    { name: 'Lifecycle', type: 'string', jsonPath: '.spec.lifecycle' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomKind;
