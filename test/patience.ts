/**
 * How long a test waits for what has to happen, in milliseconds. Long on purpose: a wait that succeeds ends when the
 * thing happens, so only a test that fails takes longer. TEST_SLOWNESS is how many times slower than usual the machine is.
 */
export const PATIENCE_MS = 180_000 * Number(process.env['TEST_SLOWNESS'] ?? 1);
