import { JOB_FAILURES, type JobFailureReason } from '../../backup/results.ts';

/** Why a Job cannot do what it was made for. The message is for the user and holds no secret. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly reason: JobFailureReason;
  /** The same Job may succeed later without anybody's doing. */
  readonly retryable: boolean;

  constructor(
    reason: JobFailureReason,
    message: string,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.retryable = options.retryable ?? JOB_FAILURES[reason];
  }

  /** Normalises whatever was caught. What nobody expected is named by its code only: its text may quote anything. */
  static from(reason: unknown): JobError {
    if (reason instanceof JobError) return reason;
    const code = codeOf(reason);
    if (code === 'ENOSPC')
      return new JobError('ScratchFull', 'The local disk of the Job is full.', { cause: reason });
    const name = reason instanceof Error ? reason.name : typeof reason;
    return new JobError('Internal', `An error that was not expected: ${code ?? name}.`, { cause: reason });
  }
}

function codeOf(reason: unknown): string | undefined {
  return reason instanceof Error && 'code' in reason && typeof reason.code === 'string'
    ? reason.code
    : undefined;
}
