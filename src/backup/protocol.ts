import { z } from 'zod';
import { backupLocation, STORE_PREFIX } from './location.ts';

export { AGENT_PORT } from './agent-files.ts';

/*
 * What the operator and the Jobs that work on backups say to each other.
 *
 * The operator never speaks to a store and never holds its credentials. Every operation is a Job in the namespace of
 * the addon: a pod of the operator's image (`<operation>` is its sub-command), beside it the engine's own image where
 * the engine's tools are needed. It is told what to do by one JSON document in the environment (`JobSpec`, no secret
 * in it; credentials, authorities and identities are mounted Secrets, see job-files.ts), and answers with another in
 * its termination message (`JobResult`).
 *
 * Each operation may be run again at any time, after any end, with the same outcome:
 * - backup: a manifest that is there and whole is reported as it is; leftovers without a manifest are removed first.
 *   The manifest is written last, after the object was read back: without one nothing counts as a backup.
 * - restore, import: into a volume of their own that no database uses yet; what a run before left on it is removed.
 * - copy: likewise, but goes on with what a run before of the same source left.
 * - drill: restores into a scratch volume, compares, leaves nothing.
 * - delete: the manifest goes first, so that a half deleted backup is none.
 * - check, list: write nothing that lasts.
 *
 * The termination message is written by a pod that runs in the namespace of the user: it is parsed as a stranger's.
 */

/** The variable that holds the JobSpec. */
export const JOB_SPEC_VARIABLE = 'INFLUXADDON_JOB';
/** The container whose termination message is the JobResult; the pod's other container runs the engine's tools. */
export const JOB_CONTAINER = 'job';
/** The pod's label that lets it through the NetworkPolicy to the agent of the database; its value is the addon's name. */
export const JOB_LABEL = 'influxaddon.dev/backup-job-of';
/** What the kubelet keeps of a termination message, bytes. */
export const MAX_RESULT_BYTES = 4096;

const s3 = z.strictObject({
  type: z.literal('s3'),
  /** `https://host[:port]`, or http. */
  endpoint: z.string().max(512),
  bucket: z.string().min(3).max(63),
  prefix: z.string().max(512).regex(STORE_PREFIX),
  region: z.string().max(64),
  /** Private addresses may be connected to. Loopback, link-local and the API server never. */
  allowClusterInternal: z.boolean(),
});

/** A claim, mounted. */
const volume = z.strictObject({
  type: z.literal('pvc'),
  prefix: z.string().max(512).regex(STORE_PREFIX),
});

export const storeSpec = z.discriminatedUnion('type', [s3, volume]);
export type StoreSpec = z.output<typeof storeSpec>;
export type S3Spec = z.output<typeof s3>;

const common = {
  store: storeSpec,
  /** From the start of the process to its own end with the reason DeadlineExceeded. */
  deadlineSeconds: z.int().min(1).max(86_400),
};

/** How the running database is reached: its Service, as the administrator, whose credentials are mounted. */
const database = z.strictObject({
  host: z.string().max(253),
  port: z.int().min(1).max(65_535),
  /** With TLS: the authority is mounted, the certificate must be for `host`. */
  tls: z.boolean(),
  /** Of the database: `status.id`. */
  name: z.string().max(64),
});
export type DatabaseSpec = z.output<typeof database>;

const backupJob = z.strictObject({
  operation: z.literal('backup'),
  ...common,
  location: backupLocation,
  /** Written into the manifest, for people and for a cluster that knows nothing yet. */
  about: z.strictObject({
    name: z.string().max(253),
    kind: z.enum(['Manual', 'Scheduled', 'BeforeUpgrade', 'Final']),
    addonName: z.string().max(63),
    addonUid: z.string().max(64),
    plan: z.string().max(253),
    class: z.enum(['Starter', 'Business']),
  }),
  database,
  /** The agent's address; the certificate it shows is the one in the mounted Secret, whatever its name. */
  agent: z.strictObject({ host: z.string().max(253), port: z.int().min(1).max(65_535) }),
  /** age recipients; none: the archive is not encrypted. */
  recipients: z.array(z.string().max(4096)).max(32),
  /** What counting may cost the running database. Above it the backup is `verified: Sizes`. */
  counting: z.strictObject({
    maxSeries: z.int().min(0),
    deadlineSeconds: z.int().min(0).max(3600),
  }),
});

/** The database that is filled: what runs after the Job has ended, on the volume that the Job mounts. */
const target = z.strictObject({
  /** Name of the database to be: `status.id` of the addon that gets the data. */
  name: z.string().max(64),
  /** Version of the engine whose image runs beside, `1.8.10`. A backup of a newer one is refused. */
  engineVersion: z.string().max(32),
  /** Size of the volume, bytes. A backup that does not fit is refused. */
  storageBytes: z.number().min(0),
});

const restoreJob = z.strictObject({
  operation: z.literal('restore'),
  ...common,
  location: backupLocation,
  /** Of the manifest as it was when the backup was Completed; another one is refused. Omitted: any that is whole. */
  manifestSha256: z.string().length(64).exactOptional(),
  target,
});

/** As a restore, on a scratch volume and with nothing left. */
const drillJob = z.strictObject({
  ...restoreJob.shape,
  operation: z.literal('drill'),
});

const importJob = z.strictObject({
  operation: z.literal('import'),
  ...common,
  /** A .tar.gz of `influxd backup -portable`, or with `.age` behind it, as an object in the store: a key below its prefix. */
  source: z.strictObject({ key: z.string().min(1).max(1024).regex(STORE_PREFIX) }),
  target,
});

/** From a running server that is not the operator's own: its URL is in a Secret that is mounted. There is no store. */
const copyJob = z.strictObject({
  operation: z.literal('copy'),
  deadlineSeconds: common.deadlineSeconds,
  target,
});

const deleteJob = z.strictObject({
  operation: z.literal('delete'),
  ...common,
  location: backupLocation,
});

const listJob = z.strictObject({
  operation: z.literal('list'),
  ...common,
  /** Backups of this namespace, whichever cluster made them: the credentials of the store are the proof. */
  namespace: backupLocation.shape.namespace,
  /** `next` of the result before; a termination message holds about six backups. */
  after: z.string().max(1024).exactOptional(),
});

/** Whether the store can be reached, written, read and deleted from. */
const checkJob = z.strictObject({ operation: z.literal('check'), ...common });

export const jobSpec = z.discriminatedUnion('operation', [
  backupJob,
  restoreJob,
  drillJob,
  importJob,
  copyJob,
  deleteJob,
  listJob,
  checkJob,
]);
export type JobSpec = z.output<typeof jobSpec>;
export type BackupJobSpec = z.output<typeof backupJob>;
export type RestoreJobSpec = z.output<typeof restoreJob>;
export type DrillJobSpec = z.output<typeof drillJob>;
export type ImportJobSpec = z.output<typeof importJob>;
export type CopyJobSpec = z.output<typeof copyJob>;
export type DeleteJobSpec = z.output<typeof deleteJob>;
export type ListJobSpec = z.output<typeof listJob>;
export type CheckJobSpec = z.output<typeof checkJob>;
export type Operation = JobSpec['operation'];
