import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runJob, type JobEnvironment } from '../../../src/agent/job/run-job.ts';
import { openStore, type JobContext } from '../../../src/agent/job/job-context.ts';
import type { Store } from '../../../src/agent/store/store.ts';
import { openS3 } from '../../../src/agent/store/s3-store.ts';
import { engineEnvironment, engineScript } from '../../../src/backup/engine-script.ts';
import type { JobFiles } from '../../../src/backup/job-files.ts';
import { type JobSpec, type S3Spec } from '../../../src/backup/protocol.ts';
import { parseJobResult, type JobResult } from '../../../src/backup/results.ts';
import { endWithParent } from '../../cluster/component.ts';
import { freePorts } from '../../cluster/free-ports.ts';
import { influxBinaries, type InfluxVersion } from '../../cluster/images/influxdb.ts';
import { ownerMark } from '../../cluster/orphans.ts';
import { S3_CREDENTIALS } from '../../cluster/s3-server.ts';
import { ADMIN } from '../influx-process.ts';

export interface JobPodOptions {
  /** Of the engine's container; none for operations without one. */
  readonly engine?: InfluxVersion;
  /** Folder with the certificates of the agent. */
  readonly agentFiles?: string;
  /** age identities. */
  readonly identity?: string;
  /** Entries of the Secret of a database that is copied. */
  readonly source?: Record<string, string>;
  /** Whether that may be on this machine; default true. */
  readonly allowLoopback?: boolean;
  /** The folder that is a PVC store. */
  readonly storeVolume?: string;
  /** The volume to be filled, which stays; default a scratch one. */
  readonly state?: string;
  /** The scratch volume; default one without a limit. */
  readonly scratch?: string;
  readonly credentials?: Partial<Record<string, string>>;
  /** What the Job's store is put behind; see faulty-store.ts. */
  readonly wrapStore?: (store: Store) => Store;
  readonly stop?: AbortSignal;
  /** Called as the Job says what it begins. */
  readonly onLog?: (message: string) => void;
  /** As the Job says that it begins this, the kernel ends its engine once. */
  readonly engineEndsAt?: string;
  /** Instead of the engine's own environment. */
  readonly engineEnvironment?: Record<string, string>;
}

export interface JobEnd {
  readonly result: JobResult;
  /** What the operator reads: the termination message. */
  readonly message: string;
  readonly log: string;
}

/** Runs a Job's pod as plain processes: the job in this one, the engine's script in its own. */
export async function runJobPod(spec: JobSpec, options: JobPodOptions = {}): Promise<JobEnd> {
  const dir = await mkdtemp(join(tmpdir(), 'job-'));
  const [http = 0, rpc = 0] = await freePorts(2);
  const ports = { http, rpc };
  const files: JobFiles = {
    storeCredentials: join(dir, 'store-credentials'),
    storeAuthority: join(dir, 'store-authority'),
    storeVolume: options.storeVolume ?? join(dir, 'none'),
    identity: join(dir, 'identity'),
    agent: options.agentFiles ?? join(dir, 'none'),
    admin: join(dir, 'admin'),
    databaseAuthority: join(dir, 'none'),
    source: join(dir, 'source'),
    scratch: options.scratch ?? join(dir, 'scratch'),
    handoff: join(dir, 'handoff'),
    state: options.state ?? join(dir, 'state'),
  };
  const lines: string[] = [];
  let engine: RunningEngine | undefined;
  let ends = options.engineEndsAt;
  const log: JobContext['log'] = (message, details) => {
    options.onLog?.(message);
    if (message === ends) {
      ends = undefined;
      engine?.kill();
    }
    lines.push(JSON.stringify({ message, ...details }));
  };
  await mount(files, options);
  if (options.engine !== undefined) engine = await startEngine(options, files, ports);
  try {
    const environment: JobEnvironment = {
      variables: { INFLUXADDON_JOB: JSON.stringify(spec) },
      files,
      ports,
      terminationLog: join(dir, 'termination-log'),
      stop: options.stop ?? new AbortController().signal,
      log,
      allowLoopback: options.allowLoopback ?? true,
      openStore: async (store, mounted, forbidden) => {
        const opened =
          store.type === 's3' && /127\.0\.0\.1/.test(store.endpoint)
            ? openLoopback(store, options.credentials)
            : await openStore(store, mounted, forbidden);
        return options.wrapStore?.(opened) ?? opened;
      },
    };
    const result = await runJob(spec.operation, environment);
    const message = await readFile(join(dir, 'termination-log'), 'utf8');
    if (!isDeepStrictEqual(parseJobResult(message), result))
      throw new Error(`the operator would not understand: ${message}`);
    return { result, message, log: lines.join('\n') };
  } finally {
    await engine?.end();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Loopback is refused to every Job; the S3 server of the tests has no other address. */
function openLoopback(store: S3Spec, credentials: JobPodOptions['credentials']): Store {
  const rule = { allowClusterInternal: true, forbidden: [], allowLoopback: true };
  return openS3(store, { credentials: { ...S3_CREDENTIALS, ...credentials }, rule });
}

async function mount(files: JobFiles, options: JobPodOptions): Promise<void> {
  const write = async (folder: string, content: Record<string, string>): Promise<void> => {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(content)) await writeFile(join(folder, name), text);
  };
  await write(files.admin, { ...ADMIN });
  await mkdir(files.scratch, { recursive: true });
  await mkdir(files.handoff, { recursive: true });
  await mkdir(files.state, { recursive: true });
  if (options.source !== undefined) await write(files.source, options.source);
  if (options.identity !== undefined) await write(files.identity, { identity: options.identity });
}

async function startEngine(
  options: JobPodOptions,
  files: JobFiles,
  ports: JobContext['ports'],
): Promise<RunningEngine> {
  const { influxd } = await influxBinaries(options.engine ?? '1.8.10');
  const where = {
    scratchDir: files.scratch,
    handoffDir: files.handoff,
    stateDir: files.state,
    httpPort: ports.http,
    rpcPort: ports.rpc,
    patienceSeconds: 120,
  };
  const child = spawn(...endWithParent('sh', ['-c', engineScript(where)]), {
    env: {
      ...ownerMark(),
      PATH: `${dirname(influxd)}:${process.env['PATH'] ?? ''}`,
      ...engineEnvironment(where),
      ...options.engineEnvironment,
    },
    // A group of its own: like a container, it ends with all that it started.
    detached: true,
    stdio: 'inherit',
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve()).once('error', () => resolve());
  });
  return {
    kill() {
      for (const pid of enginesOf(child.pid)) process.kill(pid, 'SIGKILL');
    },
    async end() {
      const timer = setTimeout(() => killGroup(child.pid), 5_000);
      await closed;
      clearTimeout(timer);
    },
  };
}

interface RunningEngine {
  /** The server alone, and not the script that started it. */
  readonly kill: () => void;
  readonly end: () => Promise<void>;
}

/** The servers of a process group; the tool has the same name and another command. */
function enginesOf(group: number | undefined): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const ids = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      const [program = '', command] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return Number(ids[2]) === group && /(^|\/)influxd$/.test(program) && command !== 'restore';
    } catch {
      return false;
    }
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

export function newUid(): string {
  return randomUUID();
}
