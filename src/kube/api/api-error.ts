/** One reason of a refusal, as `details.causes` of a Kubernetes Status has it. */
export interface StatusCause {
  reason?: string;
  field?: string;
  message?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface ApiErrorInit {
  /** HTTP status; 0 when no answer came. */
  code: number;
  /** The Status' reason (`AlreadyExists`, `Conflict`, ...) or, without an answer, one of NetworkReason. */
  reason: string;
  message: string;
  retryAfterMs?: number | undefined;
  details?: StatusDetails | undefined;
  cause?: unknown;
}

/** Why no answer came. */
export type NetworkReason =
  | 'Aborted'
  | 'Closed'
  | 'ConnectionRefused'
  | 'ConnectionReset'
  | 'InvalidAnswer'
  | 'NameNotResolved'
  | 'NotLeader'
  | 'Timeout'
  | 'TlsRefused'
  | 'Unknown';

/** Everything that goes wrong between us and the Kubernetes API. Its text never holds a request's body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly details?: StatusDetails;

  constructor(init: ApiErrorInit) {
    super(init.message, init.cause === undefined ? {} : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs;
    if (init.details !== undefined) this.details = init.details;
  }

  /** Normalises whatever was caught. */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const reason = networkReason(error);
    // A SyntaxError of JSON.parse quotes the text that it could not read, which may be a Secret.
    const cause = error instanceof SyntaxError ? undefined : error;
    return new ApiError({ code: 0, reason, message: `${reason}: ${messageOf(error)}`, cause });
  }

  get isNotFound(): boolean {
    return this.code === 404;
  }
  /** The object changed since it was read, or a precondition (uid, resourceVersion, field manager) failed. */
  get isConflict(): boolean {
    return this.code === 409 && this.reason !== 'AlreadyExists';
  }
  get isAlreadyExists(): boolean {
    return this.code === 409 && this.reason === 'AlreadyExists';
  }
  /** The resourceVersion or continue token is too old: list again. */
  get isGone(): boolean {
    return this.code === 410;
  }
  get isForbidden(): boolean {
    return this.code === 403;
  }
  get isInvalid(): boolean {
    return this.code === 422 || this.code === 400;
  }
  get isTooManyRequests(): boolean {
    return this.code === 429;
  }
  get isAborted(): boolean {
    return this.code === 0 && this.reason === 'Aborted';
  }
  /** Nothing can be created in a namespace that is going away; the API says so as a 403 with this cause. */
  get isNamespaceTerminating(): boolean {
    return this.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false;
  }
  /** Trying the same again later may well work. */
  get isTransient(): boolean {
    if (this.code === 0) return !['Aborted', 'NotLeader', 'Unknown'].includes(this.reason);
    return [408, 429, 500, 502, 503, 504].includes(this.code);
  }
}

const REASON_BY_CODE: Record<string, NetworkReason> = {
  ABORT_ERR: 'Aborted',
  ECONNREFUSED: 'ConnectionRefused',
  ECONNRESET: 'ConnectionReset',
  EPIPE: 'ConnectionReset',
  EHOSTUNREACH: 'ConnectionRefused',
  ENETUNREACH: 'ConnectionRefused',
  ENOTFOUND: 'NameNotResolved',
  EAI_AGAIN: 'NameNotResolved',
  ETIMEDOUT: 'Timeout',
  UND_ERR_ABORTED: 'Aborted',
  UND_ERR_BODY_TIMEOUT: 'Timeout',
  UND_ERR_CLOSED: 'Closed',
  UND_ERR_CONNECT_TIMEOUT: 'Timeout',
  UND_ERR_DESTROYED: 'Closed',
  UND_ERR_HEADERS_TIMEOUT: 'Timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ConnectionReset',
  UND_ERR_SOCKET: 'ConnectionReset',
};

function networkReason(error: unknown): NetworkReason {
  if (error instanceof SyntaxError) return 'InvalidAnswer';
  if (typeof error !== 'object' || error === null) return 'Unknown';
  if ('name' in error && error.name === 'TimeoutError') return 'Timeout';
  if ('name' in error && error.name === 'AbortError') return 'Aborted';
  if ('code' in error && typeof error.code === 'string') {
    const known = REASON_BY_CODE[error.code];
    if (known) return known;
    if (error.code.startsWith('HPE_')) return 'InvalidAnswer';
    if (/CERT|TLS|SSL|SELF_SIGNED/.test(error.code)) return 'TlsRefused';
  }
  return 'cause' in error && error.cause !== error ? networkReason(error.cause) : 'Unknown';
}

function messageOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is not JSON';
  return error instanceof Error ? error.message : String(error);
}
