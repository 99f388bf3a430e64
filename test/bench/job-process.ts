import { readFileSync } from 'node:fs';
import { runJobPod, type JobPodOptions } from '../integration/backup/job-pod.ts';
import type { JobSpec } from '../../src/backup/protocol.ts';
import { cpuSecondsOf } from './cpu.ts';

/** A Job in a process of its own, so that its memory is its own: the spec and what it mounts are the argument. */
export interface JobRun {
  readonly spec: JobSpec;
  readonly options: JobPodOptions;
}

export interface JobFigures {
  readonly ok: boolean;
  readonly seconds: number;
  /** Anonymous memory, looked at every 20 ms. */
  readonly peakAnonBytes: number;
  readonly cpuSeconds: number;
  /** Of the engine's container. */
  readonly childCpuSeconds: number;
  /** What the Job said it began, and after how many seconds. */
  readonly phases: readonly (readonly [string, number])[];
}

if (import.meta.main) {
  const { spec, options } = JSON.parse(process.argv[2] ?? '') as JobRun;
  const started = performance.now();
  const phases: [string, number][] = [];
  let peakAnonBytes = 0;
  const sampling = setInterval(() => (peakAnonBytes = Math.max(peakAnonBytes, anonymousBytes())), 20);
  const { result } = await runJobPod(spec, {
    ...options,
    onLog: (message) => phases.push([message, (performance.now() - started) / 1000]),
  });
  clearInterval(sampling);
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  const figures: JobFigures = {
    ok: result.ok,
    seconds: (performance.now() - started) / 1000,
    peakAnonBytes,
    cpuSeconds,
    childCpuSeconds: cpuSecondsOf(process.pid) - cpuSeconds,
    phases,
  };
  process.stdout.write(JSON.stringify(result.ok ? figures : { ...figures, result }));
}

function anonymousBytes(): number {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
}
