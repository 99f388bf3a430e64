/** How many times slower than usual the machine is, from TEST_SLOWNESS; 1 without it. */
const slowness = Number(process.env['TEST_SLOWNESS'] ?? 1);

/**
 * How long a test waits for what has to come, in milliseconds. Generous, since it costs nothing where all is well: only
 * what hangs is told later. What must *not* come is never waited for: it is counted.
 */
export const PATIENCE_MS = 180_000 * slowness;
