import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { NODE_FLAGS, RUNTIME_ENV } from '../../build/runtime.ts';
import { influxBinaries } from '../cluster/images/influxdb.ts';
import { ADMIN, Pod } from '../integration/influx-process.ts';
import { fillNoise } from '../integration/backup/points.ts';
import { DATABASE, locationOf, Scene } from '../integration/backup/scene.ts';
import { cpuSecondsOf, untilQuiet } from './cpu.ts';
import type { JobFigures, JobRun } from './job-process.ts';

const run = promisify(execFile);
const VERSION = '1.8.10';
const MiB = 1024 ** 2;
/** Ten shards, of a week each. */
const SPAN_MS = 10 * 7 * 86_400_000;

/**
 * How long a backup into S3 and a restore from it take, read back, checked, counted and all, beside InfluxDB's own
 * tools on the local disk before and after it in the same run; what that costs, and whether memory grows with the
 * size. Sizes in MiB that do not compress.
 */
export async function measureBackups(
  sizes: readonly number[],
  say: (line: string) => void,
): Promise<string[]> {
  const rows: string[] = [];
  for (const size of sizes) {
    await using scene = await Scene.create(VERSION);
    const points = (size * MiB) / 3_000;
    await fillNoise(scene.admin(), DATABASE, size * MiB, Math.floor(SPAN_MS / points));
    await untilQuiet(scene.engine.pid);
    // The first one writes to the disk what is in the engine's cache.
    await ownTools(scene);
    const identity = await generateIdentity();
    const recipients = [await identityToRecipient(identity)];
    say(`${size} MiB: InfluxDB's own tools`);
    let before = await ownTools(scene);
    for (const [how, more] of [
      ['plain', {}],
      ['encrypted', { recipients }],
    ] as const) {
      say(`${size} MiB: backup and restore, ${how}`);
      const spec = scene.backupSpec({ location: locationOf(`bench-${how}`), deadlineSeconds: 3600, ...more });
      const backup = await measured(scene, { spec, options: scene.options });
      const restored = await measured(scene, {
        spec: scene.restoreSpec(spec.location, { deadlineSeconds: 3600 }),
        options: { engine: VERSION, identity },
      });
      const after = await ownTools(scene);
      rows.push(
        row(size, `backup, ${how}`, backup, (before.backup + after.backup) / 2),
        row(size, `restore, ${how}`, restored, (before.restore + after.restore) / 2),
      );
      before = after;
    }
    rows.push(`${size} MiB | InfluxDB's own, the last time | ${before.told}`);
  }
  return rows;
}

interface Measured extends JobFigures {
  /** CPU of the database and of the store meanwhile, seconds. */
  readonly databaseCpu: number;
  readonly storeCpu: number;
}

function row(size: number, what: string, figures: Measured, own: number): string {
  const { ok, seconds, peakAnonBytes, cpuSeconds, childCpuSeconds, databaseCpu, storeCpu, phases } = figures;
  if (!ok) return `${size} MiB | ${what} failed`;
  return [
    `${String(size).padStart(5)} MiB`,
    what.padEnd(20),
    `${(size / seconds).toFixed(0).padStart(5)} MiB/s`,
    `${((100 * own) / seconds).toFixed(0).padStart(4)} % of the engine's own (budget 70), ${own.toFixed(1)} s`,
    `CPU of the Job ${cpuSeconds.toFixed(1)} s, its engine ${childCpuSeconds.toFixed(1)} s, the database ${databaseCpu.toFixed(1)} s, the store ${storeCpu.toFixed(1)} s`,
    `anonymous memory at its highest ${(peakAnonBytes / 1e6).toFixed(0)} MB`,
    [...phases.map(([name, at]) => `${name} at ${at.toFixed(1)} s`), `end at ${seconds.toFixed(1)} s`].join(
      ', ',
    ),
  ].join(' | ');
}

interface Own {
  readonly backup: number;
  readonly restore: number;
  /** Seconds and CPU seconds, for people. */
  readonly told: string;
}

/** A backup and a restore by the engine's own tools, on the local disk. */
async function ownTools(scene: Scene): Promise<Own> {
  const dump = await mkdtemp(join(tmpdir(), 'dump-'));
  try {
    const before = cpuSecondsOf(scene.engine.pid);
    const backup = await tool(['backup', '-portable', '-db', DATABASE, '-host', rpc(scene.pod), dump]);
    const serving = cpuSecondsOf(scene.engine.pid) - before;
    await using beside = await Pod.create(VERSION);
    await beside.bootstrap();
    const engine = await beside.engine();
    const idle = cpuSecondsOf(engine.pid);
    const restore = await tool(['restore', '-portable', '-host', rpc(beside), '-db', DATABASE, dump]);
    const restoring = cpuSecondsOf(engine.pid) - idle;
    const counting = performance.now();
    await beside.client(ADMIN).query(`SELECT count(*) FROM "${DATABASE}".autogen./.*/`);
    return {
      backup: backup.seconds,
      restore: restore.seconds,
      told:
        `backup ${backup.seconds.toFixed(1)} s, CPU ${backup.cpu.toFixed(1)} s, the database ${serving.toFixed(1)} s | ` +
        `restore ${restore.seconds.toFixed(1)} s, CPU ${restore.cpu.toFixed(1)} s, the database ${restoring.toFixed(1)} s | ` +
        `a count ${((performance.now() - counting) / 1000).toFixed(1)} s`,
    };
  } finally {
    await rm(dump, { recursive: true, force: true });
  }
}

const rpc = (pod: Pod): string => `127.0.0.1:${pod.rpcPort}`;

/** The shell says at its end what its child has cost. */
async function tool(args: readonly string[]): Promise<{ seconds: number; cpu: number }> {
  const { influxd } = await influxBinaries(VERSION);
  const started = performance.now();
  const child = spawn('sh', ['-c', '"$0" "$@" >/dev/null 2>&1 || exit 1; times', influxd, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`influxd ${args[0]} failed`);
  const seconds = (performance.now() - started) / 1000;
  const ofChildren = said.trim().split('\n').at(-1) ?? '';
  let cpu = 0;
  for (const [, minutes, rest] of ofChildren.matchAll(/(\d+)m([\d.]+)s/g))
    cpu += Number(minutes) * 60 + Number(rest);
  return { seconds, cpu };
}

async function measured(scene: Scene, job: JobRun): Promise<Measured> {
  const [database, store] = [scene.engine.pid, scene.s3.pid];
  const before = [cpuSecondsOf(database), cpuSecondsOf(store)];
  const script = join(dirname(import.meta.filename), 'job-process.ts');
  const { stdout } = await run(process.execPath, [...NODE_FLAGS, script, JSON.stringify(job)], {
    env: { ...process.env, ...RUNTIME_ENV },
    maxBuffer: MiB,
  });
  return {
    ...(JSON.parse(stdout) as JobFigures),
    databaseCpu: cpuSecondsOf(database) - (before[0] ?? 0),
    storeCpu: cpuSecondsOf(store) - (before[1] ?? 0),
  };
}

if (import.meta.main) {
  const sizes = (process.argv[2] ?? '64,256').split(',').map(Number);
  for (const line of await measureBackups(sizes, (text) => console.log(text))) console.log(line);
}
