import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import { buildJob, type JobRequest } from '../../backup/job.ts';
import type { JobSpec } from '../../backup/protocol.ts';
import { Job } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { CreateAction } from '../decision/action.ts';
import { taskMeta, type Subject } from '../world/labels.ts';
import { storeAccess } from './store-access.ts';

/** A Job that has ended is kept so long for whoever wants to read its log. */
const KEPT_SECONDS = 3600;

/** The API server's rules leave out what `Omit` does to a union: each operation without its store. */
export type Operation = JobSpec extends infer S ? (S extends JobSpec ? Omit<S, 'store'> : never) : never;

/** Makes a Job: one operation on one store, for one subject. */
export function jobAction(
  job: {
    readonly name: string;
    readonly namespace: string;
    readonly subject: Subject;
    /** Deleted with it; none for what outlives its subject. */
    readonly owner: OwnerReference | undefined;
    /** None for a copy. */
    readonly store: Live<InfluxBackupStore> | undefined;
    readonly operation: Operation;
  },
  rest: Omit<JobRequest, 'spec' | 'metadata' | 'secrets' | 'storeClaim'> & {
    readonly secrets?: JobRequest['secrets'];
  },
): CreateAction {
  const access = job.store === undefined ? undefined : storeAccess(job.store);
  const built = buildJob({
    ...rest,
    spec: { ...job.operation, ...(access === undefined ? {} : { store: access.store }) } as JobSpec,
    metadata: {
      name: job.name,
      namespace: job.namespace,
      ...taskMeta(job.operation.operation, job.subject),
      ...(job.owner === undefined ? {} : { ownerReferences: [job.owner] }),
    },
    secrets: { ...access?.secrets, ...rest.secrets },
    storeClaim: access?.claim,
  });
  const object: Job = { ...built, spec: { ...built.spec!, ttlSecondsAfterFinished: KEPT_SECONDS } };
  return { do: 'create', kind: Job as Kind<KubeObject>, object };
}

/** An owner that does not hold up anybody's deletion. */
export function ownerOf(kind: string, live: Live<KubeObject>): OwnerReference {
  const { name, uid } = live.metadata;
  return { apiVersion: 'influxaddon.dev/v1alpha1', kind, name, uid, controller: true };
}
