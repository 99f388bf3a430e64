/**
 * What went wrong between us and the engine:
 * - `Unreachable`: no connection, or it broke before the answer; nothing is known about what the engine did
 * - `Timeout`: connected, but no whole answer in time; nothing is known about what the engine did
 * - `Unauthorized`: 401 of the engine itself, the user is unknown or the password is wrong
 * - `Forbidden`: 403 of the engine itself, the user may not do this
 * - `Refused`: the engine understood and said no, by a status or by an error in a result
 * - `Untrusted`: it shows a certificate that cannot be verified, so nothing was said to it
 * - `Protocol`: what answered does not talk like InfluxDB (other TLS mode, no JSON, too long)
 */
export type InfluxErrorKind =
  | 'Unreachable'
  | 'Timeout'
  | 'Unauthorized'
  | 'Forbidden'
  | 'Refused'
  | 'Untrusted'
  | 'Protocol';

/** The one error of the engine's world. The message holds the engine's words and never a password. */
export class InfluxError extends Error {
  readonly kind: InfluxErrorKind;
  /** HTTP status; absent when there was no answer. An error in a result comes with status 200. */
  readonly status: number | undefined;

  constructor(kind: InfluxErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InfluxError';
    this.kind = kind;
    this.status = options.status;
  }

  /** Normalises whatever was caught. The cause keeps its code only: undici's errors can carry the request. */
  static from(reason: unknown): InfluxError {
    if (reason instanceof InfluxError) return reason;
    const code = codeOf(reason);
    const text = reason instanceof Error ? reason.message || code || reason.name : String(reason);
    return new InfluxError(kindOf(reason, code), code && !text.includes(code) ? `${text} (${code})` : text);
  }

  /** A later try may succeed without anybody changing anything. */
  get isTransient(): boolean {
    return (
      this.kind === 'Unreachable' ||
      this.kind === 'Timeout' ||
      (this.status !== undefined && this.status >= 500)
    );
  }

  /** A statement behind a failed one of the same request: the engine did not look at it. */
  get isNotExecuted(): boolean {
    return this.kind === 'Refused' && this.message === 'not executed';
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
const TIMEOUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** OpenSSL's reasons, by the names that Node gives them. */
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function kindOf(reason: unknown, code: string | undefined): InfluxErrorKind {
  if (code !== undefined && UNREACHABLE.has(code)) return 'Unreachable';
  if (code !== undefined && TIMEOUT.has(code)) return 'Timeout';
  if (code !== undefined && UNTRUSTED.has(code)) return 'Untrusted';
  if (reason instanceof Error && reason.name === 'TimeoutError') return 'Timeout';
  return 'Protocol';
}

/** Node puts the code on the error; with several addresses tried, on the errors inside. */
function codeOf(reason: unknown): string | undefined {
  if (typeof reason !== 'object' || reason === null) return undefined;
  if ('code' in reason && typeof reason.code === 'string') return reason.code;
  if ('errors' in reason && Array.isArray(reason.errors) && reason.errors.length > 0)
    return codeOf(reason.errors[0]);
  return undefined;
}
