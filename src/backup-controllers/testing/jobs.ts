import type { JobSpec } from '../../backup/protocol.ts';
import type { JobResult } from '../../backup/results.ts';
import { JOB_CONTAINER, JOB_SPEC_VARIABLE } from '../../backup/protocol.ts';
import type { Job } from '../../kube/objects/kinds.ts';

/** What a Job does when it is made: how it ends, `Runs`: not yet, `Vanishes`: without a word. */
export type Behaviour = (spec: JobSpec) => JobResult | 'Runs' | 'Vanishes';

export function specOf(job: Job): JobSpec {
  const container = job.spec?.template.spec?.containers.find(({ name }) => name === JOB_CONTAINER);
  return JSON.parse(container?.env?.find(({ name }) => name === JOB_SPEC_VARIABLE)?.value ?? '{}') as JobSpec;
}

export const succeed = (spec: JobSpec): JobResult => {
  switch (spec.operation) {
    case 'backup':
      return {
        ok: true,
        operation: 'backup',
        manifestSha256: 'a'.repeat(64),
        startedAt: '2030-01-01T00:00:00Z',
        completedAt: '2030-01-01T00:01:00Z',
        engineVersion: '1.8.10',
        archive: { bytes: 5_000_000, sha256: 'b'.repeat(64), encrypted: spec.recipients.length > 0 },
        dataBytes: 9_000_000,
        points: 1234,
        verified: 'Counts',
      };
    case 'list':
      return { ok: true, operation: 'list', backups: [] };
    case 'delete':
      return { ok: true, operation: 'delete', objects: 2 };
    case 'check':
      return { ok: true, operation: 'check' };
    default:
      return {
        ok: true,
        operation: spec.operation,
        engineVersion: '1.8.10',
        points: 1234,
        verified: 'Counts',
        continuousQueries: 0,
        refusedQueries: [],
      };
  }
};

export function fail(spec: JobSpec, reason: 'StoreBusy' | 'StoreDenied', retryable: boolean): JobResult {
  return { ok: false, operation: spec.operation, reason, message: 'it said no', retryable };
}
