import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Rounds a second of both workers together on the idle two-core machine on which limits were set. */
const REFERENCE = 10_000;
const WORKERS = 2;
const MEASURE_MS = 1_000;

/** What limits of tests are multiplied by. Never below 1, and never so much that a hanging test hangs for hours. */
export function slownessOf(roundsPerSecond: number): number {
  return Math.round(10 * Math.min(6, Math.max(1, REFERENCE / roundsPerSecond))) / 10;
}

/** How fast two workers compute, as the tests use two cores; also tells one core, or a neighbour who takes them. */
export async function measureRounds(): Promise<number> {
  const workers = Array.from(
    { length: WORKERS },
    () => new Worker(import.meta.filename, { workerData: 'count' }),
  );
  const counts = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<number>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0) / (MEASURE_MS / 1_000);
}

/** Text, objects and sorting: what the operator and vitest do all day. */
function round(): number {
  const rows = Array.from({ length: 200 }, (_, i) => ({ name: `n${(i * 7_919) % 200}`, value: i }));
  const copy = JSON.parse(JSON.stringify(rows)) as typeof rows;
  return copy.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0]?.value ?? 0;
}

function countRounds(): number {
  let count = 0;
  for (const end = performance.now() + MEASURE_MS; performance.now() < end; count++) round();
  return count;
}

if (workerData === 'count') parentPort?.postMessage(countRounds());
else if (import.meta.main) console.log(`${await measureRounds()} rounds, ${availableParallelism()} cores`);
