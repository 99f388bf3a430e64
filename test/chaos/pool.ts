/** Runs jobs, so many at a time. A job that throws ends the whole. */
export async function inParallel(workers: number, jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...jobs];
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await job();
  };
  await Promise.all(Array.from({ length: workers }, work));
}

/** A part of a list, spread over it evenly and always the same; all of it when there are no more. */
export function spread<T>(list: readonly T[], count: number, offset = 0): T[] {
  if (count >= list.length) return [...list];
  const step = list.length / count;
  return Array.from({ length: count }, (_, n) => list[Math.floor(n * step + offset) % list.length] as T);
}
