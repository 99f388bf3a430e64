/** Whether everything is tried (`make test-all`), or of what is alike only a sample (`make test`). */
export const exhaustive = process.env['TEST_EXHAUSTIVE'] !== undefined;

/** The sample, or all of it. */
export function pick<T>(sample: T, all: T): T {
  return exhaustive ? all : sample;
}
