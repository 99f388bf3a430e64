import { z } from 'zod';
import { backupLocation } from './location.ts';

/*
 * What lies beside an archive and makes it a backup: written last, for the operator that made it, for one that knows
 * nothing yet, and for people. No secrets: the archive itself may be encrypted, this never is.
 */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.number().int().min(0);
const count = z.number().int().min(0);

/** While points are counted and backed up, others are written: what is in the backup lies between two counts. */
const range = z.strictObject({ atLeast: count, atMost: count });

const counted = z.strictObject({
  verified: z.literal('Counts'),
  /** Values of all fields, by retention policy and measurement; both sorted. */
  policies: z
    .array(
      z.strictObject({
        name: z.string(),
        measurements: z.array(z.strictObject({ name: z.string(), values: range })).max(100_000),
      }),
    )
    .max(10_000),
});

const sized = z.strictObject({
  verified: z.literal('Sizes'),
  /** Why nothing was counted. */
  why: z.string().max(512),
});

export const backupCounts = z.discriminatedUnion('verified', [counted, sized]);
export type BackupCounts = z.output<typeof backupCounts>;

const policy = z.strictObject({
  name: z.string(),
  /** Seconds; 0 is endless. */
  durationSeconds: z.number(),
  shardDurationSeconds: z.number(),
  default: z.boolean(),
});

/** `format` and `formatVersion` come first, so that a later release can still say what it is looking at. */
export const backupManifest = z.strictObject({
  format: z.literal('influxaddon.dev/backup'),
  formatVersion: z.literal(1),
  location: backupLocation,
  /** Name of the InfluxBackup, and of what it is a backup. */
  name: z.string().max(253),
  kind: z.enum(['Manual', 'Scheduled', 'BeforeUpgrade', 'Final']),
  addon: z.strictObject({
    name: z.string().max(63),
    uid: z.string().max(64),
    plan: z.string().max(253),
    class: z.enum(['Starter', 'Business']),
  }),
  startedAt: z.iso.datetime(),
  completedAt: z.iso.datetime(),
  engineVersion: z.string().max(32),
  database: z.strictObject({
    name: z.string().max(64),
    retentionPolicies: z.array(policy).max(10_000),
    /** Of the spec and of the application alike: the engine's own restore brings back none. */
    continuousQueries: z.array(z.strictObject({ name: z.string(), query: z.string() })).max(10_000),
    /** Who could do what, without passwords. */
    users: z.array(z.strictObject({ name: z.string(), admin: z.boolean() })).max(10_000),
    grants: z.array(z.strictObject({ user: z.string(), privilege: z.string() })).max(10_000),
  }),
  archive: z.strictObject({
    /** File name, beside the manifest. */
    file: z.enum(['backup.tar.gz', 'backup.tar.gz.age']),
    /** As it is stored. */
    bytes,
    sha256,
    /** Of the .tar.gz inside, when it is encrypted. */
    plain: z.strictObject({ bytes, sha256 }),
    /** age recipients; empty when it is not encrypted. */
    recipients: z.array(z.string().max(4096)).max(32),
  }),
  /** What the engine's tool wrote, with the size of each file. */
  files: z.array(z.strictObject({ name: z.string().max(255), bytes })).max(100_000),
  /** Of the shards on the server's disk. */
  dataBytes: bytes,
  counts: backupCounts,
});

export type BackupManifest = z.output<typeof backupManifest>;

/** More than this is no manifest of ours. */
export const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
