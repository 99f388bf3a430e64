import { backupLocation } from './location.ts';
import { z } from 'zod';

/**
 * Counts: what was restored has exactly the points that the server counted (when it was written to meanwhile: between
 * the counts before and after). Sizes: counting was too dear or impossible; every file is whole and of its size.
 */
export const verified = z.enum(['Counts', 'Sizes']);

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const bytes = z.number().int().min(0);

export const instant = z.iso.datetime();

export const backupResult = z.strictObject({
  ok: z.literal(true),
  operation: z.literal('backup'),
  manifestSha256: sha256,
  /** When the engine began to write it, and when the manifest was stored. */
  startedAt: instant,
  completedAt: instant,
  engineVersion: z.string().max(32),
  /** The object in the store. */
  archive: z.strictObject({ bytes, sha256, encrypted: z.boolean() }),
  /** Of the shards on the server's disk. */
  dataBytes: bytes,
  /** With Counts: values of all fields. */
  points: z.number().int().min(0).exactOptional(),
  verified,
});

export type BackupResult = z.output<typeof backupResult>;

export const filledResult = {
  ok: z.literal(true),
  engineVersion: z.string().max(32),
  points: z.number().int().min(0).exactOptional(),
  verified,
  /** Recreated, and those the engine refused (their names). */
  continuousQueries: z.number().int().min(0),
  refusedQueries: z.array(z.string().max(256)).max(8),
};

export const listEntry = z.strictObject({
  location: backupLocation,
  manifestSha256: sha256,
  name: z.string().max(253),
  kind: z.enum(['Manual', 'Scheduled', 'BeforeUpgrade', 'Final']),
  addonName: z.string().max(63),
  addonUid: z.string().max(64),
  plan: z.string().max(253),
  class: z.enum(['Starter', 'Business']),
  engineVersion: z.string().max(32),
  startedAt: instant,
  completedAt: instant,
  /** Of the object in the store, and of the shards on the server's disk. */
  bytes,
  dataBytes: bytes,
  points: z.number().int().min(0).exactOptional(),
  encrypted: z.boolean(),
});

export type ListEntry = z.output<typeof listEntry>;

/**
 * Why a Job failed. Each has its default for `retryable`: whether the same Job may succeed later without anybody's
 * doing. The result's own field decides.
 */
export const JOB_FAILURES = {
  /** The spec or the mounted files are not what this release understands. */
  InvalidJob: false,
  /** The endpoint resolves to an address that must not be connected to. */
  EndpointForbidden: false,
  StoreUnreachable: true,
  /** 5xx, throttled, slow. */
  StoreBusy: true,
  /** Credentials wrong or without a right. */
  StoreDenied: false,
  /** Its certificate is not trusted. */
  StoreUntrusted: false,
  BucketNotFound: false,
  /** It has no room for the object. */
  StoreFull: false,
  /** What was read back is not what was written. */
  ReadBackDiffers: true,
  DatabaseUnreachable: true,
  DatabaseMissing: false,
  /** The server was started anew while it was backed up: what the tool wrote may end in the middle. */
  DatabaseRestarted: true,
  AgentUnreachable: true,
  /** The engine's tool said no. */
  ToolFailed: true,
  /** The tool was content, and yet a shard ends in the middle or is missing. */
  BackupTruncated: true,
  /** The local disk is too small for the engine's tool. */
  ScratchFull: false,
  /** There is no manifest: no such backup, or one that was never completed. */
  BackupNotFound: false,
  /** The manifest is of something else, of a newer release, or not the one that was recorded. */
  BackupForeign: false,
  /** The archive is not what the manifest says, or no archive. */
  BackupCorrupt: false,
  /** Encrypted, and no identity was given. */
  IdentityMissing: false,
  /** Encrypted for somebody else. */
  IdentityWrong: false,
  /** The target's engine is older than that of the backup. */
  EngineTooOld: false,
  TargetTooSmall: false,
  /** The volume holds something that no restore wrote. */
  TargetNotEmpty: false,
  /** The engine did not start or stopped on the restored data. */
  EngineFailed: false,
  /** The restored counts are not those of the manifest. */
  CountsDiffer: false,
  /** The server that is copied does not answer, or not to its end. */
  SourceUnreachable: true,
  /** It refuses the user, or shows a certificate that is not trusted. */
  SourceDenied: false,
  /** Its URL cannot be used, or something in it cannot be copied. */
  SourceRefused: false,
  DeadlineExceeded: true,
  /** The pod was told to end. */
  Interrupted: true,
  Internal: true,
} as const satisfies Record<string, boolean>;

export type JobFailureReason = keyof typeof JOB_FAILURES;

export const failedResult = z.strictObject({
  ok: z.literal(false),
  operation: z.enum(['backup', 'restore', 'drill', 'import', 'copy', 'delete', 'list', 'check']),
  reason: z.enum(Object.keys(JOB_FAILURES) as [JobFailureReason, ...JobFailureReason[]]),
  /** A sentence for the user, without secrets. */
  message: z.string().max(1024),
  retryable: z.boolean(),
});

export type FailedResult = z.output<typeof failedResult>;

export const jobResult = z.union([
  failedResult,
  z.discriminatedUnion('operation', [
    backupResult,
    z.strictObject({ ...filledResult, operation: z.literal('restore') }),
    z.strictObject({ ...filledResult, operation: z.literal('drill') }),
    z.strictObject({ ...filledResult, operation: z.literal('import') }),
    z.strictObject({ ...filledResult, operation: z.literal('copy') }),
    z.strictObject({ ok: z.literal(true), operation: z.literal('delete'), objects: z.number().int().min(0) }),
    z.strictObject({
      ok: z.literal(true),
      operation: z.literal('list'),
      backups: z.array(listEntry).max(100),
      /** There are more: list again with `after`. */
      next: z.string().max(1024).exactOptional(),
    }),
    z.strictObject({ ok: z.literal(true), operation: z.literal('check') }),
  ]),
]);

export type JobResult = z.output<typeof jobResult>;

/** The result in a termination message; undefined when there is none, or none that this release understands. */
export function parseJobResult(message: string | undefined): JobResult | undefined {
  try {
    return jobResult.safeParse(JSON.parse(message ?? '')).data;
  } catch {
    return undefined;
  }
}
