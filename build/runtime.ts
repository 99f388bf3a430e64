/**
 * How the operator's process is started in its image, and wherever its cost is measured. Node takes the memory that is
 * there: with these it stays near what it holds. Small young generations are collected more often, which costs a
 * few percent of CPU; one malloc arena keeps what TLS and zlib free from being scattered over many.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=1', '--optimize-for-size'];

export const RUNTIME_ENV: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
