import { JobError } from '../job/job-error.ts';
import type { JobFailureReason } from '../../backup/results.ts';

type StoreFailure = Extract<
  JobFailureReason,
  | 'EndpointForbidden'
  | 'StoreUnreachable'
  | 'StoreBusy'
  | 'StoreDenied'
  | 'StoreUntrusted'
  | 'BucketNotFound'
  | 'StoreFull'
>;

/** The one error of the store's world. Texts of the server are not passed on: they may quote keys and headers. */
export class StoreError extends JobError {
  declare readonly reason: StoreFailure;

  constructor(reason: StoreFailure, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(reason, message, options);
  }

  static override from(reason: unknown): JobError {
    if (reason instanceof JobError) return reason;
    const { code = '', status, name = '' } = partsOf(reason);
    const told = code || name || (status === undefined ? 'no reason given' : `status ${status}`);
    const [failure, sentence] = judge(name, code, status) ?? [
      'StoreUnreachable',
      'The store gave an answer that is not understood',
    ];
    return new StoreError(failure, `${sentence} (${told}).`, { cause: reason });
  }
}

const DENIED = [
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'AccountProblem',
  'EACCES',
  'EPERM',
  'EROFS',
];
const FULL = [
  'ENOSPC',
  'EDQUOT',
  'InsufficientStorage',
  'QuotaExceeded',
  'XMinioStorageFull',
  'EntityTooLarge',
];
const BUSY = [
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'Throttling',
  'RequestTimeout',
  'TooManyRequests',
];
const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/;
const UNREACHABLE =
  /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EPROTO|ERR_SSL|ERR_STREAM_PREMATURE|ENOENT|ENOTDIR|ESTALE|EIO|TimeoutError)/;

function judge(name: string, code: string, status: number | undefined): [StoreFailure, string] | undefined {
  const is = (words: readonly string[]): boolean => words.includes(name) || words.includes(code);
  if (is(['NoSuchBucket'])) return ['BucketNotFound', 'There is no such bucket'];
  if (is(FULL) || status === 507) return ['StoreFull', 'The store has no room left'];
  if (is(DENIED) || status === 401 || status === 403)
    return ['StoreDenied', 'The store refuses the credentials, or what they may do'];
  if (is(BUSY) || status === 429 || (status !== undefined && status >= 500))
    return ['StoreBusy', 'The store cannot do it now'];
  if (UNTRUSTED.test(code))
    return [
      'StoreUntrusted',
      'The certificate of the store is not trusted; name its authority in spec.s3.caRef',
    ];
  if (UNREACHABLE.test(code) || UNREACHABLE.test(name))
    return ['StoreUnreachable', 'The store cannot be reached, or broke off'];
  return undefined;
}

function partsOf(reason: unknown): { name?: string; code?: string; status?: number } {
  if (!(reason instanceof Error)) return {};
  const { code, $metadata } = reason as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const inner = reason instanceof AggregateError ? partsOf(reason.errors[0]) : {};
  return {
    ...inner,
    name: reason.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...($metadata?.httpStatusCode === undefined ? {} : { status: $metadata.httpStatusCode }),
  };
}
