import type { Job } from '../../kube/objects/kinds.ts';
import type { Live } from '../../kube/objects/types.ts';
import { MANAGED_BY, TASK_LABEL } from '../../addon/world/names.ts';

/** On a Job: the key of the queue that wants to hear of it, `Addon/my-app` or `Store/nightly`. */
const FOR = 'influxaddon.dev/for';
/** On an InfluxBackup: the day of its turn, `20300131`. */
export const SLOT_LABEL = 'influxaddon.dev/slot';
/** On an InfluxBackup whose objects are deleted with it. */
export const BACKUP_FINALIZER = 'influxaddon.dev/backup';

/** Whom a Job works for. */
export interface Subject {
  readonly kind: 'Addon' | 'Store' | 'Restore';
  readonly name: string;
}

export function taskMeta(operation: string, subject: Subject) {
  return {
    labels: { 'app.kubernetes.io/managed-by': MANAGED_BY, [TASK_LABEL]: operation },
    annotations: { [FOR]: `${subject.kind}/${subject.name}` },
  };
}

export function subjectOf(job: Live<Job> | undefined): Subject | undefined {
  const [, kind, name] = /^(Addon|Store|Restore)\/(.+)$/.exec(job?.metadata.annotations?.[FOR] ?? '') ?? [];
  return kind === undefined || name === undefined ? undefined : { kind: kind as Subject['kind'], name };
}

/** On a Job: when it was made, RFC 3339, by the clock that its age is told by; the API server's may be another. */
export const MADE_AT = 'influxaddon.dev/made-at';
