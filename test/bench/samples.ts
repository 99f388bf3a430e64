import { readFileSync } from 'node:fs';
import { cpuSecondsOf } from './cpu.ts';

/** What a process of the rig costs over time, read from /proc. */
export interface Sample {
  /** Since the beginning. */
  readonly seconds: number;
  /** User and system time since the beginning, seconds, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Resident memory, bytes, by process. */
  readonly rss: Readonly<Record<string, number>>;
}

const EVERY_MS = 250;

/** Samples processes until it is disposed of. */
export class Sampler implements Disposable {
  readonly samples: Sample[] = [];
  readonly #pids: ReadonlyMap<string, number>;
  readonly #started = performance.now();
  readonly #before: ReadonlyMap<string, number>;
  readonly #timer: NodeJS.Timeout;

  constructor(pids: ReadonlyMap<string, number>) {
    this.#pids = pids;
    this.#before = new Map([...pids].map(([name, pid]) => [name, cpuSecondsOf(pid)]));
    this.#timer = setInterval(() => this.sample(), EVERY_MS);
  }

  sample(): Sample {
    const of = (figure: (pid: number, name: string) => number) =>
      Object.fromEntries([...this.#pids].map(([name, pid]) => [name, figure(pid, name)]));
    const sample = {
      seconds: (performance.now() - this.#started) / 1000,
      cpu: of((pid, name) => cpuSecondsOf(pid) - (this.#before.get(name) ?? 0)),
      rss: of(rssOf),
    };
    this.samples.push(sample);
    return sample;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Resident memory of a process in bytes. */
export function rssOf(pid: number): number {
  return memoryOf(pid, 'VmRSS');
}

/** The most that it ever was. */
export function peakRssOf(pid: number): number {
  return memoryOf(pid, 'VmHWM');
}

function memoryOf(pid: number, key: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
}
