/** True in `make test-all`, where everything is tried that `make test` takes a sample of. */
export const exhaustive: boolean = (process.env['TEST_EXHAUSTIVE'] ?? '') !== '';

/** `small` in `make test`, `all` in `make test-all`. The sample must hold what breaks first. */
export function pick<T>(small: T, all: T): T {
  return exhaustive ? all : small;
}
