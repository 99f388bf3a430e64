import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { z } from 'zod';
import type { CustomKind } from './crd/custom-kind.ts';
import { CATEGORY } from './group.ts';
import { doc } from './schema/doc.ts';
import { timeout } from './schema/duration.ts';
import { lifecycle } from './schema/lifecycle.ts';
import { bytes, cores } from './schema/quantity.ts';
import { text } from './schema/text.ts';

export type InfluxPlanSpec = z.infer<typeof planSpec>;

/** A size of database that the catalogue offers. */
export interface InfluxPlan {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec: InfluxPlanSpec;
}

const storage = doc(
  z.strictObject({
    size: bytes('Size of the volume.'),
    maxSize: bytes('Ceiling of automatic growth; default: the size.').exactOptional(),
    className: text({
      pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
      max: 253,
      message:
        'spec.storage.className must be the name of a StorageClass, or "" for the default of the cluster',
      description: 'StorageClass; empty for the default of the cluster.',
    }).exactOptional(),
    accessMode: doc(
      z.enum(['ReadWriteOncePod', 'ReadWriteOnce']),
      'Access mode of the volume; default ReadWriteOncePod.',
    ).exactOptional(),
    encrypted: doc(
      z.enum(['Required', 'Unknown']),
      'Required: the platform says that the class encrypts; default Unknown.',
    ).exactOptional(),
  }),
  'The volume of a database of this plan.',
  {
    rule: 'quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0',
    message: 'spec.storage.size may grow but never shrink: volumes cannot; add another plan instead',
  },
  {
    rule: '!has(self.maxSize) || quantity(self.maxSize).compareTo(quantity(self.size)) >= 0',
    message: 'spec.storage.maxSize must be at least spec.storage.size',
  },
);

const planSpec = doc(
  z.strictObject({
    class: doc(
      z.enum(['Starter', 'Business']),
      'How many backups are kept: Starter 7 daily and 4 weekly, Business 7 daily, 8 weekly and 12 monthly.',
    ),
    memory: bytes('Memory of the database: request and limit.'),
    cpu: doc(
      z.strictObject({ request: cores('CPU that is set aside.'), limit: cores('CPU at most.') }),
      'CPU of the database.',
      {
        rule: 'quantity(self.limit).compareTo(quantity(self.request)) >= 0',
        message: 'spec.cpu.limit must be at least spec.cpu.request',
      },
    ),
    storage,
    limits: doc(
      z.strictObject({
        connections: doc(z.int().min(10).max(100_000), 'Simultaneous HTTP connections.'),
        concurrentQueries: doc(z.int().min(1).max(10_000), 'Queries that run at once.'),
        queryTimeout: timeout('After which a query is ended.'),
        series: doc(
          z.int().min(1000).max(1_000_000_000),
          'Series cardinality the memory is made for; beyond it the addon warns.',
        ),
      }),
      'What a database of this plan may be asked for.',
    ),
    lifecycle: lifecycle.exactOptional(),
  }),
  'What a database of this plan has.',
);

export const influxPlanKind = {
  kind: 'InfluxPlan',
  plural: 'influxplans',
  singular: 'influxplan',
  shortNames: ['iplan'],
  categories: [CATEGORY],
  namespaced: false,
  schema: doc(z.strictObject({ spec: planSpec }), 'An InfluxPlan is a size of database in the catalogue.'),
  statusSubresource: false,
  columns: [
    { name: 'Class', type: 'string', jsonPath: '.spec.class' },
    { name: 'Memory', type: 'string', jsonPath: '.spec.memory' },
    { name: 'CPU', type: 'string', jsonPath: '.spec.cpu.limit' },
    { name: 'Storage', type: 'string', jsonPath: '.spec.storage.size' },
    { name: 'Lifecycle', type: 'string', jsonPath: '.spec.lifecycle' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
} as const satisfies CustomKind;
