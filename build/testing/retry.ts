import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** Waits between the tries, in milliseconds; one try more than there are waits. */
  readonly waits?: readonly number[];
  readonly say: (line: string) => void;
}

/** Does it again when it fails, unless it was a compiler that said no: what comes over the network may come later. */
export async function withRetries<T>(
  what: string,
  body: () => Promise<T>,
  { waits = [5_000, 20_000], say }: RetryOptions,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await body();
    } catch (error) {
      const wait = waits[attempt];
      const message = error instanceof Error ? error.message : String(error);
      if (wait === undefined || isCompileError(message)) throw error;
      say(`${what} failed, again in ${wait / 1_000} s: ${message}`);
      await delay(wait);
    }
  }
}

/** `./main.go:3:2: undefined: x`; what Go says of a module that it could not download has another form. */
function isCompileError(message: string): boolean {
  return /\.go:\d+:\d+: (?!.*(dial tcp|timeout|connection|EOF|TLS|proxy))/.test(message);
}
