import type { Clock } from '../clock.ts';

/** A request that is given up after `ms`, or when `signal` is aborted. */
export async function bounded<R>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const timer = clock.after(ms, () =>
    controller.abort(new DOMException('the API server does not answer', 'TimeoutError')),
  );
  try {
    return await ask(controller.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
