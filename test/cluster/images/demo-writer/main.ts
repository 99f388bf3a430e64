import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuePoints } from './due-points.ts';
import { type Target, parseTarget } from './target.ts';

/**
 * An application as a user would have it: it knows one URL, writes points for ever, and says once a second how
 * far it came. Environment:
 *   INFLUX_URL            http(s)://user:password@host:port/database
 *   NODE_EXTRA_CA_CERTS   Node's own: a file with an authority to trust, read at the start; without it https is refused
 *   WRITER_INTERVAL_MS    between two points (200)
 *   WRITER_ACKS_DIR       a folder: each acknowledged point becomes a line `<series> <timestamp> <when acknowledged>`
 *                         of <WRITER_NAME>.acks, both in milliseconds since the epoch; and each attempt that failed
 *                         one of <WRITER_NAME>.failed, which says why
 *   WRITER_DROPS          number of a point, the first being 1, that is called acknowledged and never sent: to see
 *                         whether whoever checks the list finds it (none)
 *   WRITER_NAME           tag that tells the series of two writers apart (HOSTNAME)
 */
const intervalMs = Number(process.env['WRITER_INTERVAL_MS'] ?? 200);
const acksDir = process.env['WRITER_ACKS_DIR'];
const dropped = Number(process.env['WRITER_DROPS'] ?? Number.NaN);
const name = process.env['WRITER_NAME'] ?? process.env['HOSTNAME'] ?? 'demo';
const series = `demo,writer=${name}`;

/** A database that is away is not asked more often than this. */
const RETRY_MS = 100;

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
  const due = new DuePoints(Date.now(), intervalMs);
  while (!signal.aborted) {
    const points = due.until(Date.now());
    // The same points are sent until they are acknowledged: writing a point twice leaves one.
    const lines = points
      .filter(({ n }) => n !== dropped)
      .map(({ n, timestamp }) => `${series} n=${n}i ${timestamp}`);
    if (lines.length > 0 && !(await write(to, lines.join('\n')))) {
      await pause(Math.max(intervalMs, RETRY_MS), signal);
      continue;
    }
    written += points.length;
    acknowledged(points.map(({ timestamp }) => timestamp));
    due.done(points.length);
    await pause(due.nextAt - Date.now(), signal);
  }
}

async function write(to: Target, body: string): Promise<boolean> {
  try {
    const response = await fetch(to.writeUrl, {
      method: 'POST',
      headers: to.headers,
      body,
      signal: AbortSignal.timeout(5000),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${answer.trim()}`);
    return true;
  } catch (error) {
    failed += 1;
    // "fetch failed" says nothing; its cause does.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    lastFailure = cause instanceof Error ? cause.message : String(cause);
    if (acksDir !== undefined) appendFileSync(join(acksDir, `${name}.failed`), `${lastFailure}\n`);
    return false;
  }
}

/** On disk before the next point is sent, so that the list survives the process. */
function acknowledged(timestamps: number[]): void {
  if (acksDir === undefined || timestamps.length === 0) return;
  const now = Date.now();
  const lines = timestamps.map((timestamp) => `${series} ${timestamp} ${now}\n`);
  appendFileSync(join(acksDir, `${name}.acks`), lines.join(''));
}

/** Failures are told once, in the second in which they happened. */
function say(): void {
  console.log(`wrote ${written} points${failed > 0 ? ` (${failed} attempts failed: ${lastFailure})` : ''}`);
  failed = 0;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => {});
}
