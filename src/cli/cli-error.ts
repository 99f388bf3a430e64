import { ApiError } from '../kube/api/api-error.ts';

/** How the command ends; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  notFound: 3,
  /** What was asked for is not there yet, or never will be without another edit. */
  notReached: 4,
  forbidden: 5,
  unreachable: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What the user is told instead of an answer. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }

  /** Normalises whatever was caught. */
  static from(reason: unknown): CliError {
    if (reason instanceof CliError) return reason;
    if (reason instanceof ApiError) return new CliError(codeOf(reason), wordsOf(reason), { cause: reason });
    const message = reason instanceof Error ? reason.message : String(reason);
    return new CliError(EXIT.refused, message, { cause: reason });
  }
}

function codeOf(error: ApiError): ExitCode {
  if (error.isForbidden && !/denied|admission/i.test(error.message)) return EXIT.forbidden;
  if (error.isNotFound) return EXIT.notFound;
  if (error.code === 0 || error.code === 401) return EXIT.unreachable;
  return EXIT.refused;
}

/** The server's own words, without the request that they were said to. */
function wordsOf(error: ApiError): string {
  const text = error.message.replace(/^[A-Z]+ \/\S+: /, '').replace(/^\d{3} \w+: /, '');
  if (error.code === 0) return `the API server cannot be reached: ${text}`;
  if (error.code === 401) return 'the API server does not accept the credentials of the kubeconfig';
  return text;
}
