import type { WarningEvents } from '../../kube/warning-events.ts';

/** The newest event that explains why a pod or a volume does not come; no status says it. */
export async function readEvents(
  warnings: Pick<WarningEvents, 'newest'>,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ message: string | undefined; quota: boolean }> {
  const message = (await warnings.newest(namespace, names, signal))?.trim();
  return { message, quota: message?.includes('exceeded quota') ?? false };
}
