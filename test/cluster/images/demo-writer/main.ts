import { setTimeout as delay } from 'node:timers/promises';
import { type Target, parseTarget } from './target.ts';

/**
 * An application as a user would have it: it knows one URL, writes points for ever, and says once a second how
 * far it came. Environment:
 *   INFLUX_URL            http(s)://user:password@host:port/database
 *   WRITER_INTERVAL_MS    between two points (200)
 *   WRITER_LOG_ACKS       1: print each acknowledged point as `ack <series> <timestamp in ns>`
 *   WRITER_NAME           tag that tells the series of two writers apart (HOSTNAME)
 */
const intervalMs = Number(process.env['WRITER_INTERVAL_MS'] ?? 200);
const logAcks = process.env['WRITER_LOG_ACKS'] === '1';
const series = `demo,writer=${process.env['WRITER_NAME'] ?? process.env['HOSTNAME'] ?? 'demo'}`;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

let written = 0;
let failed = 0;
let lastFailure = '';

const target = parseTarget(process.env['INFLUX_URL']);
if (typeof target === 'string') {
  console.error(target);
  process.exitCode = 1;
} else {
  console.log(`writing to ${target.shown} every ${intervalMs} ms`);
  const report = setInterval(say, 1000);
  await writePoints(target, stop.signal);
  clearInterval(report);
  say();
  console.log('stopped');
}

async function writePoints(to: Target, signal: AbortSignal): Promise<void> {
  for (let n = 1; !signal.aborted; n++) {
    const timestamp = `${Date.now()}000000`;
    // The same point is sent until it is acknowledged: writing a point twice leaves one.
    while (!signal.aborted && !(await write(to, `${series} n=${n}i ${timestamp}`)))
      await pause(intervalMs, signal);
    if (!signal.aborted && logAcks) console.log(`ack ${series} ${timestamp}`);
    await pause(intervalMs, signal);
  }
}

async function write(to: Target, line: string): Promise<boolean> {
  try {
    const response = await fetch(to.writeUrl, {
      method: 'POST',
      headers: to.headers,
      body: line,
      signal: AbortSignal.timeout(5000),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${answer.trim()}`);
    written += 1;
    return true;
  } catch (error) {
    failed += 1;
    // "fetch failed" says nothing; its cause does.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    lastFailure = cause instanceof Error ? cause.message : String(cause);
    return false;
  }
}

/** Failures are told once, in the second in which they happened. */
function say(): void {
  console.log(`wrote ${written} points${failed > 0 ? ` (${failed} attempts failed: ${lastFailure})` : ''}`);
  failed = 0;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
