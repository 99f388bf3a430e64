import type { StatusDetails } from './api-error.ts';
import { ApiError } from './api-error.ts';
import type { ApiRequest } from './transport.ts';

/** A `kind: Status`, the body of a refusal and the object of a watch's ERROR event. */
export interface Status {
  kind?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: StatusDetails;
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

/** Makes an ApiError of the refusal of `request`. `body` is the parsed answer where there was one. */
export function errorOf(
  request: Pick<ApiRequest, 'method' | 'path'>,
  code: number,
  body: unknown,
  retryAfterMs?: number,
): ApiError {
  const status: Status = isStatus(body) ? body : {};
  const reason = status.reason || DEFAULT_REASONS[code] || 'Unknown';
  const seconds = status.details?.retryAfterSeconds;
  const secret = SECRET_PATH.test(request.path);
  const said = secret ? harmless(code, status.message) : status.message;
  const text = said ? `: ${said}` : '';
  return new ApiError({
    code,
    reason,
    message: `${request.method} ${request.path}: ${code} ${reason}${text}`,
    retryAfterMs: retryAfterMs ?? (seconds ? seconds * 1000 : undefined),
    details: secret ? withoutMessages(status.details) : status.details,
  });
}

// What the API server says about a Secret that it refuses may quote a value of it.
const SECRET_PATH = /\/secrets(\/|$)/;
// A quota and RBAC look at names and counts only.
const AMOUNTS = String.raw`[\w./-]+=\w+(?:,[\w./-]+=\w+)*`;
const HARMLESS = [
  new RegExp(`exceeded quota: [\\w.-]+, requested: ${AMOUNTS}, used: ${AMOUNTS}, limited: ${AMOUNTS}$`),
  /User "[^"]*" cannot [a-z]+ resource "secrets" in API group "" in the namespace "[a-z0-9-]+"$/,
];

function harmless(code: number, message: string | undefined): string | undefined {
  if (code !== 403 || message === undefined) return undefined;
  return HARMLESS.map((pattern) => pattern.exec(message)?.[0]).find((found) => found !== undefined);
}

function withoutMessages(details: StatusDetails | undefined): StatusDetails | undefined {
  if (!details?.causes) return details;
  const causes = details.causes.map(({ reason, field }) => ({
    ...(reason === undefined ? {} : { reason }),
    ...(field === undefined ? {} : { field }),
  }));
  return { ...details, causes };
}

// For answers that are no Status: from a proxy, or from a server that is still starting.
const DEFAULT_REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
