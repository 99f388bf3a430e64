import { ApiError } from '../../kube/api/api-error.ts';

/**
 * Ends when all have ended, however one of them did. Of those that failed the first in their order is told and thrown,
 * whichever answer came last: what is said does not change with each try. With it goes the longest wait that the server
 * asked for.
 */
export async function together<A, T>(
  group: readonly A[],
  run: (each: A) => Promise<T>,
  failed: (each: A, failure: unknown) => void,
): Promise<readonly T[]> {
  const values: T[] = [];
  const failures: { readonly each: A; readonly reason: unknown }[] = [];
  const ended = await Promise.allSettled(group.map(run));
  for (const [index, each] of group.entries()) {
    const end = ended[index];
    if (end?.status === 'fulfilled') values.push(end.value);
    else failures.push({ each, reason: end?.reason });
  }
  const [first] = failures;
  if (first === undefined) return values;
  const failure = asPatient(
    first.reason,
    failures.map(({ reason }) => waitOf(reason)),
  );
  failed(first.each, failure);
  throw failure;
}

/** The failure itself, unless another wait is longer than its own. */
function asPatient(reason: unknown, waits: readonly number[]): unknown {
  const retryAfterMs = Math.max(...waits);
  if (retryAfterMs <= waitOf(reason)) return reason;
  const { code, reason: word, message, details } = ApiError.from(reason);
  return new ApiError({ code, reason: word, message, details, retryAfterMs, cause: reason });
}

function waitOf(reason: unknown): number {
  return reason instanceof ApiError ? (reason.retryAfterMs ?? 0) : 0;
}
